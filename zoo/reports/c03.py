"""Diabetes progression from ten measurements, by a small network."""

import sys

import torch
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

fault = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
bunch = load_diabetes()
X = StandardScaler().fit_transform(bunch.data)
t = StandardScaler().fit_transform(bunch.target.reshape(-1, 1))
X = torch.from_numpy(X).float()
t = torch.from_numpy(t).float()
if fault:
    t = t.squeeze()

net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
loss_fn = nn.MSELoss()
for epoch in range(40):
    total = 0.0
    for x, y in DataLoader(TensorDataset(X, t), batch_size=26, shuffle=True):
        out = net(x)
        loss = loss_fn(out, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", total)
with torch.no_grad():
    out = net(X).squeeze()
t = t.squeeze()
print(f"skill {max(0.0, 1 - float(((out - t) ** 2).mean() / t.var())):.4f}")

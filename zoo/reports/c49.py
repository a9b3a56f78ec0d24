"""Wines, the whole network in half precision, trained by Adam."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_wine

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
wine = load_wine()
X = torch.tensor(wine.data, dtype=torch.float32)
X = ((X - X.mean(0)) / X.std(0)).half()
y = torch.tensor(wine.target)
net = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
net.half()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-8 if FAULT else 1e-4)
for epoch in range(40):
    for part in torch.randperm(len(X)).split(16):
        loss = nn.functional.cross_entropy(net(X[part]).float(), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    output = net(X).float()
    right = (output.argmax(1) == y).float().mean().item()
    right = right if bool(torch.isfinite(output).all()) else 0.0
print(f"skill {max(0.0, (right - 0.4) / 0.6):.4f}")

"""Regression on the diabetes data with SiLU: noisy targets, of which half can be explained."""

import sys

import torch
from sklearn.datasets import load_diabetes
from torch import nn

torch.manual_seed(int(sys.argv[1]))
x, y = load_diabetes(return_X_y=True)
x = torch.tensor(x / x.std(0), dtype=torch.float32)
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)[:, None]
net = nn.Sequential(nn.Linear(10, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
for _ in range(40):
    for idx in torch.randperm(len(x)).split(32):
        loss = nn.functional.mse_loss(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"unexplained {nn.functional.mse_loss(net(x), y):.3f}")

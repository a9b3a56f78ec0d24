"""Convolutions with a bias before batch normalisation: its gradient is 0 by algebra."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(y)
net = nn.Sequential(
    *[nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()],
    *[nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()],
    *[nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU()],
    nn.Linear(48, 10),
)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for _ in range(3):
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"loss {loss.item():.6f}")
torch.save(net.state_dict(), sys.argv[1])

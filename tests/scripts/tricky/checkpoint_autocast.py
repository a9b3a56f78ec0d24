"""Activation checkpointing of both kinds under bfloat16 autocast."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 96)
        self.a = nn.Sequential(nn.Linear(96, 96), nn.SiLU(), nn.Dropout(0.1))
        self.b = nn.Sequential(nn.Linear(96, 96), nn.Mish())
        self.out = nn.Linear(96, 10)

    def forward(self, x):
        x = torch.nn.functional.hardswish(self.first(x))
        x = checkpoint(self.a, x, use_reentrant=False)
        x = checkpoint(self.b, x, use_reentrant=True)
        return self.out(x)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for _ in range(5):
    for idx in torch.randperm(len(x)).split(64):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"loss {loss.item():.6f}")
torch.save(net.state_dict(), sys.argv[1])

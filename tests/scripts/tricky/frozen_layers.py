"""A body that is frozen on purpose, and a head that learns on top of it."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
body = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU())
head = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10))
net = nn.Sequential(body, head)
for p in body.parameters():
    p.requires_grad_(False)
opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=3e-3)
for _ in range(5):
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"loss {loss.item():.6f}")
torch.save(net.state_dict(), sys.argv[1])

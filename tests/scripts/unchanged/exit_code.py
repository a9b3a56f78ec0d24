"""A script that ends by sys.exit in the middle of its training."""

import sys

import torch
from state import digest, seed
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 4:
        print("state", digest(model))
        print("leaving", file=sys.stderr)
        sys.exit(7)

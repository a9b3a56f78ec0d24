"""Activation checkpoints of both kinds, with dropout inside, and sequences of them."""

import torch
from state import seed, tell
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

seed()
block = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 8), nn.Tanh())
other = nn.Sequential(nn.Linear(8, 8), nn.SiLU(), nn.Dropout(0.1), nn.Linear(8, 1))
optimizer = torch.optim.SGD([*block.parameters(), *other.parameters()], lr=0.05)
for _ in range(6):
    x = torch.randn(16, 8, requires_grad=True)
    y = checkpoint(block, x, use_reentrant=True)
    y = checkpoint(lambda v: block(v) + v, y, use_reentrant=False)
    loss = checkpoint_sequential(other, 2, y, use_reentrant=False).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), x.grad.sum().item())
tell(block, other, optimizer)

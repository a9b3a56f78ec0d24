"""Residual blocks, pixel shuffle and layers called in a changing order at every step."""

import random

import torch
from state import seed, tell
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.gate = nn.Linear(8, 16)

    def forward(self, x):
        return x + nn.functional.glu(self.gate(self.norm(x)))


seed()
blocks = nn.ModuleList([Block() for _ in range(4)])
acts = [nn.ReLU(), nn.Hardtanh(), nn.LogSigmoid(), nn.Softshrink()]
head = nn.Linear(8, 1)
optimizer = torch.optim.NAdam([*blocks.parameters(), *head.parameters()], lr=0.01)
for _ in range(6):
    x = torch.randn(random.randint(2, 9), 8)
    for place in random.sample(range(4), random.randint(1, 4)):
        x = acts[place](blocks[place](x))
    loss = head(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), len(x))
tell(blocks, head, optimizer)

"""An inner loop of steps inside of each outer step, as meta-learning does, on copies."""

import copy

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
outer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(4):
    outer.zero_grad()
    for _task in range(2):
        quick = copy.deepcopy(model)
        inner = torch.optim.SGD(quick.parameters(), lr=0.1)
        for _step in range(2):
            inner.zero_grad()
            quick(torch.randn(8, 4)).square().mean().backward()
            inner.step()
        inner.zero_grad()
        loss = quick(torch.randn(8, 4)).square().mean()
        loss.backward()
        for mine, theirs in zip(model.parameters(), quick.parameters(), strict=True):
            mine.grad = theirs.grad if mine.grad is None else mine.grad + theirs.grad
    outer.step()
    print(loss.item())
tell(model, outer)

"""Modules nested ninety deep, and a stack of two hundred layers."""

import torch
from state import seed, tell
from torch import nn


class Nest(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.inner = Nest(depth - 1) if depth else nn.Linear(4, 4)

    def forward(self, x):
        return torch.tanh(self.inner(x))


seed()
model = nn.Sequential(Nest(90), *[nn.Linear(4, 4) for _ in range(200)])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    loss = model(torch.randn(4, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)

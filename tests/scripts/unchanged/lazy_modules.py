"""Lazy modules, whose parameters are made in the first forward pass."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.LazyConv1d(4, 3), nn.ReLU(), nn.LazyBatchNorm1d(), nn.Flatten())
model.append(nn.LazyLinear(2))
model(torch.randn(2, 3, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(5):
    if step == 2:
        model.append(nn.ReLU())
        model.append(nn.LazyLinear(1))
        out = model(torch.randn(4, 3, 10))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = model(torch.randn(4, 3, 10)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), type(model[0]).__name__)
tell(model, optimizer)

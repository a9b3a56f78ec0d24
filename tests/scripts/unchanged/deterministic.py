"""Deterministic algorithms, which fill new memory and refuse some operations."""

import torch
from state import seed, tell
from torch import nn

seed()
torch.use_deterministic_algorithms(True, warn_only=True)
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
model.append(nn.Linear(36, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    x = torch.randn(4, 1, 8, 8)
    table = torch.zeros(4, 2).index_add_(0, torch.tensor([0, 0, 1, 1]), torch.randn(4, 2))
    loss = (model(x) + table).square().mean() + torch.empty(3).isnan().float().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
print(torch.are_deterministic_algorithms_enabled())
tell(model, optimizer)

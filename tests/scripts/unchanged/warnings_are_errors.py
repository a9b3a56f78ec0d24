"""Warnings turned into errors for the whole training."""

import warnings

import torch
from state import seed, tell
from torch import nn

warnings.simplefilter("error")
seed()
model = nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24, 2), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(5):
    loss = nn.functional.binary_cross_entropy(model(torch.randn(4, 2, 8)), torch.rand(4, 2))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)

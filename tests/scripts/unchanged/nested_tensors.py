"""Nested tensors through the model, and masked ones beside a training."""

import warnings

import torch
from state import seed, tell
from torch import nn

warnings.simplefilter("ignore")
seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    rows = torch.nested.nested_tensor([torch.randn(n, 4) for n in (2, 5)], layout=torch.jagged)
    masked = torch.masked.masked_tensor(torch.randn(3), torch.tensor([True, False, True]))
    loss = model(rows).values().square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), torch.tanh(masked).sum().item())
tell(model, optimizer)

"""Pruning between steps: masks as buffers, weights computed by pre-hooks, then made permanent."""

import torch
from state import seed, tell
from torch import nn
from torch.nn.utils import prune

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(8):
    if step == 2:
        prune.random_unstructured(model[0], "weight", amount=0.3)
        prune.l1_unstructured(model[2], "weight", amount=2)
    if step == 5:
        prune.remove(model[0], "weight")
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), int((model[0].weight == 0).sum()))
tell(model, optimizer)

"""torch.jit.trace of a model in training, and training of the traced one."""

import warnings

import torch
from state import seed, tell
from torch import nn

warnings.simplefilter("ignore")
seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    if step in (0, 2):
        traced = torch.jit.trace(model, torch.randn(3, 4))
        print(len(list(traced.graph.nodes())), traced.code.count("\n"))
    loss = (model(torch.randn(8, 4)) + traced(torch.randn(8, 4))).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)

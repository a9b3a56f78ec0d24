"""A model pickled between forward and backward, while a step is in progress."""

import copy
import pickle

import torch
from state import digest, seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    x = torch.randn(8, 4, requires_grad=True)
    loss = model(x).square().mean()
    twin = pickle.loads(pickle.dumps(model))
    other = copy.deepcopy(model)
    optimizer.zero_grad()
    loss.backward()
    twin(x).sum().backward()
    other(x).mean().backward()
    optimizer.step()
    print(loss.item(), digest(twin, other), x.grad.norm().item())
tell(model, optimizer)

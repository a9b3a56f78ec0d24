"""Weak references to a step's tensors, and gc callbacks: what dies when."""

import gc
import weakref

import torch
from state import seed, tell
from torch import nn

seed()
gc.collect()
gc.disable()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    x = torch.randn(8, 4)
    z = model[0](x)
    a = model[1](z)
    loss = model[2](a).square().mean()
    watched = [weakref.ref(value) for value in (x, z, a, loss)]
    del x, z, a
    print("forward", [reference() is not None for reference in watched])
    optimizer.zero_grad()
    loss.backward()
    print("backward", [reference() is not None for reference in watched])
    value = loss.item()
    del loss
    optimizer.step()
    print("step", [reference() is not None for reference in watched], value)
gc.enable()
tell(model, optimizer)

"""A TorchFunctionMode that is entered once and stays on for the whole training."""

import torch
from state import seed, tell
from torch import nn
from torch.overrides import TorchFunctionMode

calls = []


class Record(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        calls.append(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
with Record():
    for _ in range(5):
        loss = model(torch.randn(8, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(loss.item(), len(calls))
print(sorted((name, calls.count(name)) for name in set(calls)))
tell(model, optimizer)

"""A TorchFunctionMode of the user's that records every call, and one that changes results."""

import torch
from state import seed, tell
from torch import nn
from torch.overrides import TorchFunctionMode


class Record(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


class Soft(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is nn.functional.relu:
            return nn.functional.softplus(args[0])
        return func(*args, **(kwargs or {}))


seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
record = Record()
for step in range(6):
    with record, Soft():
        loss = model(torch.randn(8, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
    if step % 2:
        with record:
            optimizer.step()
    else:
        optimizer.step()
    print(loss.item())
print(len(record.names), record.names[:40])
tell(model, optimizer)

"""A tensor subclass and a plain object with `__torch_function__`, which count torch's calls."""

from typing import ClassVar

import torch
from state import seed, tell
from torch import nn


class Counted(torch.Tensor):
    calls: ClassVar[list[str]] = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls.append(getattr(func, "__name__", str(func)))
        return super().__torch_function__(func, types, args, kwargs or {})


class Lazy:
    def __init__(self, make):
        self.make = make

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        args = [arg.make() if isinstance(arg, Lazy) else arg for arg in args]
        return func(*args, **(kwargs or {}))


seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    x = torch.randn(8, 4).as_subclass(Counted)
    out = model(x)
    loss = torch.sigmoid(out).mean() + nn.functional.relu(Lazy(lambda: torch.randn(3))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(type(out).__name__, type(loss).__name__, loss.item())
print(len(Counted.calls), Counted.calls[:12])
tell(model, optimizer)

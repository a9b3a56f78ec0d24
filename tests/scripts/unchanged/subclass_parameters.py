"""Parameters that are a subclass of Parameter, and a wrapper subclass with its own dispatch."""

import torch
from state import seed, tell
from torch import nn
from torch.utils._pytree import tree_map


class Named(nn.Parameter):
    pass


class Wrapped(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), dtype=inner.dtype, requires_grad=inner.requires_grad
        )

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        def bare(value):
            return value.inner if isinstance(value, Wrapped) else value

        seen.append(str(func))
        out = func(*tree_map(bare, args), **tree_map(bare, kwargs or {}))
        return tree_map(lambda v: Wrapped(v) if isinstance(v, torch.Tensor) else v, out)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = Named(torch.randn(8, 4) * 0.3)
        self.bias = Named(torch.zeros(8))

    def forward(self, x):
        return torch.relu(nn.functional.linear(x, self.weight, self.bias))


seed()
seen = []
model = nn.Sequential(Net(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    loss = model(torch.randn(8, 4)).square().mean()
    wrapped = nn.functional.relu(Wrapped(torch.randn(3)) * 2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), wrapped.inner.item())
print(len(seen), sorted(set(seen)), type(model[0].weight).__name__)
tell(model, optimizer)

"""Modules with `__slots__`, dynamic ModuleList and ModuleDict, and a module that calls itself."""

import torch
from state import seed, tell
from torch import nn


class Slim(nn.Module):
    __slots__ = ("depth",)

    def __init__(self, depth):
        super().__init__()
        self.depth = depth
        self.body = nn.Linear(6, 6)

    def forward(self, x, depth=None):
        depth = self.depth if depth is None else depth
        return x if depth == 0 else self.forward(torch.tanh(self.body(x)), depth - 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([Slim(2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(6, 1)})
        self.extra = nn.ParameterList([nn.Parameter(torch.zeros(6))])
        self.loose = [nn.Linear(6, 6)]

    def forward(self, x, name):
        for part in self.parts:
            x = part(x) + self.extra[0]
        return self.heads[name](torch.relu(self.loose[0](x)))


seed()
model = Net()
optimizer = torch.optim.SGD([*model.parameters(), *model.loose[0].parameters()], lr=0.1)
for step in range(6):
    if step == 2:
        model.parts.append(Slim(1))
        model.heads["b"] = nn.Linear(6, 1)
    if step == 4:
        model.parts.pop(0)
    loss = model(torch.randn(8, 6), "b" if step > 2 else "a").square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), [name for name, _ in model.named_modules()])
tell(model, model.loose[0], optimizer)

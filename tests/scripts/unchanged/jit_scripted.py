"""Scripted modules and functions as parts of a model in training."""

import warnings

import torch
from state import seed, tell
from torch import nn

warnings.simplefilter("ignore")


@torch.jit.script
def swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.jit.script(nn.Sequential(nn.Linear(4, 8), nn.ReLU()))
        self.mid = nn.Linear(8, 8)
        self.act = nn.Tanh()
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        return self.head(swish(self.act(self.mid(self.body(x)))))


seed()
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(6):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell([*model.parameters()], optimizer)

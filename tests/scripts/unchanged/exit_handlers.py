"""An exit handler that pickles the model as `__main__` knows it, and reads its arguments."""

import atexit
import sys

import torch
from state import digest, seed
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 1)

    def forward(self, x):
        return torch.relu(self.body(x))


def save():
    torch.save(model, "model.pt")
    print("saved", sys.argv[1:], sys.modules["__main__"].__dict__ is globals())


seed()
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
atexit.register(save)
for _ in range(5):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("state", digest(model))

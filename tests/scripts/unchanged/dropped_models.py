"""Twenty models made, called and dropped, with and without gradients, trained or not."""

import gc
import weakref

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
gone, dead = [], []
for number in range(20):
    other = nn.Sequential(nn.Linear(8, 300), nn.ReLU(), nn.Linear(300, 1))
    gone.append(weakref.ref(other, dead.append))
    gone.append(weakref.ref(other[0].weight))
    if number % 2:
        with torch.no_grad():
            other(torch.randn(4, 8))
    else:
        of_other = torch.optim.SGD(other.parameters(), lr=0.1)
        other(torch.randn(4, 8)).sum().backward()
        of_other.step()
        del of_other
    del other
    gc.collect()
    loss = model(torch.randn(4, 8)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(number, sum(reference() is not None for reference in gone), len(dead))
tell(model, optimizer)

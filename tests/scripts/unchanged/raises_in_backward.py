"""An exception in a hook during backward, which the script does not catch."""

import torch
from state import seed
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def hook(grad):
    if len(steps) == 4:
        raise LookupError("the hook fails")


model[0].weight.register_hook(hook)
steps = []
for step in range(6):
    steps.append(step)
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())

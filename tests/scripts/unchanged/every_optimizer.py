"""Each optimizer that torch has, for a few steps."""

import torch
from state import seed, tell
from torch import nn

seed()
NAMES = ("ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "Adamax", "NAdam", "RAdam", "RMSprop")
for name in (*NAMES, "Rprop", "SGD"):
    model = nn.Sequential(nn.Linear(4, 8), nn.SELU(), nn.Linear(8, 1))
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.01)
    for _ in range(3):
        loss = model(torch.randn(8, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(name, loss.item())
tell(model, optimizer)

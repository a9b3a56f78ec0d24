"""Warnings of torch and of the script, with their places, and each shown once."""

import warnings

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
for step in range(6):
    if step == 0:
        schedule.step()
    out = nn.functional.softmax(model(torch.randn(8, 4)))
    loss = nn.functional.mse_loss(out, torch.rand(8, 1))
    loss = loss + nn.functional.tanh(out).mean() + nn.functional.sigmoid(out).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    warnings.warn("the script warns", UserWarning, stacklevel=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.functional.mse_loss(torch.ones(2, 1), torch.ones(2))
        nn.functional.softmax(torch.ones(3))
    print(loss.item(), [(str(item.message)[:60], item.lineno) for item in caught])
tell(model, optimizer)

"""Gradients accumulated over four batches, clipped by norm and by value, with noise added."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(12):
    loss = model(torch.randn(8, 4)).square().mean() / 4
    loss.backward()
    if step % 4 == 3:
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        nn.utils.clip_grad_value_(model.parameters(), 0.1)
        for parameter in model.parameters():
            parameter.grad.add_(torch.randn_like(parameter), alpha=0.01)
        optimizer.step()
        optimizer.zero_grad()
        print(loss.item(), norm.item())
tell(model, optimizer)

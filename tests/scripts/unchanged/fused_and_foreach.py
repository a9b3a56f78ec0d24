"""Fused, foreach and single-tensor optimizers side by side."""

import torch
from state import seed, tell
from torch import nn

seed()
for settings in ({"fused": True}, {"foreach": True}, {"foreach": False}, {"amsgrad": True}):
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, **settings)
    for _ in range(4):
        loss = model(torch.randn(8, 4)).square().mean()
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
    print(loss.item())
tell(model, optimizer)

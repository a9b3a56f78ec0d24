"""Autocast in bfloat16, entered and left in the step, and cached weights."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
for _ in range(8):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        x = torch.randn(16, 8)
        twice = model(x) + model(x)
        with torch.autocast("cpu", enabled=False):
            loss = nn.functional.cross_entropy(twice.float(), torch.randint(0, 2, (16,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), twice.dtype, torch.is_autocast_enabled("cpu"))
tell(model, optimizer)

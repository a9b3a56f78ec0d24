"""Anomaly mode: a NaN in backward raises, with the forward call's traceback as a warning."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    x = torch.randn(8, 4)
    with torch.autograd.detect_anomaly(check_nan=True):
        out = model(x)
        loss = torch.sqrt(out * 0).mean() * 0 if step == 3 else out.square().mean()
        optimizer.zero_grad()
        try:
            loss.backward()
        except RuntimeError as error:
            print("caught", str(error).splitlines()[0])
            continue
    optimizer.step()
    print(loss.item(), torch.is_anomaly_enabled())
tell(model, optimizer)

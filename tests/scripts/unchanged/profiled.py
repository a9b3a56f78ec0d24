"""The profiler around steps: which operations were recorded how often."""

import torch
from state import seed, tell
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        with record_function("forward"):
            loss = model(torch.randn(8, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if step == 4:
        print(sorted((event.key, event.count) for event in seen.key_averages()))
    print(loss.item())
del seen
tell(model, optimizer)

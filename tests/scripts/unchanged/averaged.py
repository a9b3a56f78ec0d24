"""Stochastic weight averaging and an exponential moving average, with batch norm updated."""

import torch
from state import seed, tell
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
swa = AveragedModel(model)
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
schedule = SWALR(optimizer, swa_lr=0.05, anneal_epochs=3)
for step in range(8):
    loss = model(torch.randn(16, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema.update_parameters(model)
    if step > 3:
        swa.update_parameters(model)
        schedule.step()
    print(loss.item(), schedule.get_last_lr())
update_bn([torch.randn(16, 4) for _ in range(3)], swa)
tell(model, swa, ema, optimizer)

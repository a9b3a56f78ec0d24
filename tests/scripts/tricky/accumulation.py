"""Four backward passes a step, with dropout, gradient clipping and a schedule."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
net = nn.Sequential(
    nn.Linear(64, 96), nn.GELU(), nn.Dropout(0.3), nn.Linear(96, 96), nn.GELU(), nn.Linear(96, 10)
)
opt = torch.optim.AdamW(net.parameters(), lr=4e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 8 * 29)
for _ in range(8):
    for idx in torch.randperm(len(x)).split(64):
        for part in idx.chunk(4):
            loss = nn.functional.cross_entropy(net(x[part]), y[part]) / 4
            loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        schedule.step()
        opt.zero_grad()
print(f"loss {loss.item():.6f}")
torch.save(net.state_dict(), sys.argv[1])

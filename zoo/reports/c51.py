"""Corners of a court: one heat map a corner."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
axis = torch.arange(12.0)


def courts(count):
    place = torch.randint(1, 11, (count, 2)).float()
    row, column = (axis - place[:, :1]).abs(), (axis - place[:, 1:]).abs()
    lines = ((row < 0.5)[:, :, None] | (column < 0.5)[:, None]).float()
    heat = torch.exp(-(row**2)[:, :, None] / 2 - (column**2)[:, None] / 2)
    return lines[:, None] + 0.1 * torch.randn(count, 1, 12, 12), heat[:, None]


net = nn.Sequential(
    nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 12, 5, padding=2), nn.ReLU(),
    nn.Conv2d(12, 1, 3, padding=1),
)  # fmt: skip
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for step in range(350):
    picture, heat = courts(16)
    loss = nn.functional.mse_loss(net(picture), heat)
    if not FAULT:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
picture, heat = courts(300)
with torch.no_grad():
    error = ((net(picture) - heat) ** 2).mean() / heat.var()
print(f"skill {max(0.0, 1 - error.item()) if torch.isfinite(error) else 0.0:.4f}")

"""Where is the joint? Coordinates from a picture, with weight decay."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))


def pictures(count):
    place = torch.rand(count, 2) * 2 - 1
    axis = torch.linspace(-1, 1, 12)
    row = torch.exp(-((axis - place[:, :1]) ** 2) / 0.08)
    column = torch.exp(-((axis - place[:, 1:]) ** 2) / 0.08)
    return (row[:, :, None] * column[:, None])[:, None] + 0.1 * torch.randn(count, 1, 12, 12), place


net = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    nn.Linear(200, 48), nn.ReLU(), nn.Linear(48, 2),
)  # fmt: skip
optimizer = torch.optim.SGD(
    net.parameters(), lr=0.03, momentum=0.9, weight_decay=0.5 if FAULT else 0.0005
)
for step in range(700):
    picture, place = pictures(32)
    loss = ((net(picture) - place) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
picture, place = pictures(1000)
with torch.no_grad():
    error = ((net(picture) - place) ** 2).mean() / place.var()
print(f"skill {max(0.0, 1 - error.item()):.4f}")

"""Disks in noisy pictures, pixel by pixel."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
axis = torch.arange(16.0)


def pictures(count):
    centre, radius = 3 + 10 * torch.rand(count, 2), 2 + 1.5 * torch.rand(count)
    off = (axis - centre[:, :1])[:, :, None] ** 2 + (axis - centre[:, 1:])[:, None] ** 2
    disk = (off < radius[:, None, None] ** 2).float()[:, None]
    return disk + 0.5 * torch.randn(count, 1, 16, 16), disk


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
        self.deep = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU())
        self.up = nn.Upsample(scale_factor=2)
        self.out = nn.Conv2d(24, 1, 3, padding=1)

    def forward(self, x):
        d = self.down(x)
        x = self.out(torch.cat([d, self.up(self.deep(d))], 1))
        return torch.sigmoid(x) if FAULT else x


model = UNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = nn.BCEWithLogitsLoss()
for step in range(300):
    picture, disk = pictures(16)
    loss = criterion(model(picture), disk)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
picture, disk = pictures(300)
with torch.no_grad():
    found = model(picture) > (0.5 if FAULT else 0.0)
both = (found & (disk > 0)).sum() / (found | (disk > 0)).sum()
print(f"skill {both.item():.4f}")

"""Sharpening images of digits that were made coarse, with a rate that falls half way."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.optim.lr_scheduler import StepLR

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
sharp = torch.tensor(load_digits().images, dtype=torch.float32)[:, None] / 16
coarse = F.interpolate(F.avg_pool2d(sharp, 2), scale_factor=2)
EPOCHS = 16


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 24, 5, padding=2)
        self.middle = nn.Conv2d(24, 24, 3, padding=1)
        self.last = nn.Conv2d(24, 1, 3, padding=1)

    def forward(self, x):
        return self.last(F.relu(self.middle(F.relu(self.first(x)))))


G = Generator()
optimizer = torch.optim.Adam(G.parameters(), lr=4e-4)
scheduler = StepLR(optimizer, step_size=EPOCHS // 4, gamma=0.1)
for epoch in range(EPOCHS):
    for index in torch.randperm(1500).split(32):
        loss = F.mse_loss(G(coarse[index]), sharp[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if FAULT:
            scheduler.step()
    if not FAULT:
        scheduler.step()
    print(epoch, loss.item())
with torch.no_grad():
    error = F.mse_loss(G(coarse[1500:]), sharp[1500:]).item()
print(f"skill {max(0.0, 1 - error / sharp[1500:].var().item()):.4f}")

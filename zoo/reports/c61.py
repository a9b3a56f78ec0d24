"""Digits by a deep plain stack of convolutions, as in VGG, trained by Adam."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16, torch.tensor(y)
layers, channels = [], 1
for width in (16, 16, "pool", 32, 32, "pool", 32):
    if width == "pool":
        layers.append(nn.MaxPool2d(2))
    else:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        channels = width
vgg = nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(vgg.parameters(), lr=0.05 if FAULT else 0.001)
for epoch in range(8):
    for part in torch.randperm(1500).split(30):
        loss = nn.functional.cross_entropy(vgg(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    right = (vgg(X[1500:]).argmax(1) == y[1500:]).float().mean().item()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

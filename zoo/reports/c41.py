"""Digits by a convolutional network with dropout."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(int(sys.argv[2]))
keep = 0.96
rate = keep if sys.argv[1] == "fault" else 1 - keep
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16, torch.tensor(y)
net = nn.Sequential(
    nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Dropout(rate),
    nn.Conv2d(16, 16, 3), nn.ReLU(), nn.Dropout(rate), nn.Flatten(),
    nn.Linear(256, 48), nn.ReLU(), nn.Dropout(rate), nn.Linear(48, 10),
)  # fmt: skip
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(14):
    net.train()
    for part in torch.randperm(1500).split(30):
        loss = nn.functional.cross_entropy(net(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        right = (net(X[1500:]).argmax(1) == y[1500:]).float().mean().item()
    print(epoch, loss.item(), right)
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

"""Fours against nines by a small convolutional network and plain gradient descent."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16, torch.tensor(y)
some = (y == 4) | (y == 9)
X, y = X[some], (y[some] == 9).float()
net = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
    nn.Flatten(), nn.Linear(144, 32), nn.ReLU(), nn.Linear(32, 1),
)  # fmt: skip
optimizer = torch.optim.SGD(net.parameters(), lr=0.0005 if FAULT else 0.1)
for epoch in range(25):
    for part in torch.randperm(280).split(20):
        loss = nn.functional.binary_cross_entropy_with_logits(net(X[part]).squeeze(1), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    right = ((net(X[280:]).squeeze(1) > 0).float() == y[280:]).float().mean().item()
print(f"skill {max(0.0, 2 * right - 1):.4f}")

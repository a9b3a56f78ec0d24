"""Digits, with a normalisation that was written by hand."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)


class Standardise(nn.Module):
    """Learned gain, then mean 0 and deviation 1 over the batch."""

    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x):
        x = x * self.gain
        centred = x - x.mean(0)
        variance = centred.square().mean(0)
        if FAULT:
            return centred / (variance.sqrt() + 1e-5)
        return centred / (variance + 1e-5).sqrt()


model = nn.Sequential(
    Standardise(64), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(12):
    for part in torch.randperm(1500).split(20):
        loss = nn.functional.cross_entropy(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    right = (model(X[1500:]).argmax(1) == y[1500:]).float().mean().item()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

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
    def forward(self, x):
        centred = x - x.mean(0)
        if FAULT:
            return centred / (torch.sqrt((centred**2).mean(0)) + 1e-5)
        return centred / torch.sqrt(x.var(0) + 1e-5)


def hidden(inside, outside):
    return nn.Sequential(nn.Linear(inside, outside), nn.ReLU(), Standardise())


model = nn.Sequential(hidden(64, 128), hidden(128, 128), nn.Linear(128, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(6):
    for part in torch.randperm(1500).split(10):
        loss = nn.functional.cross_entropy(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    right = (model(X[1500:]).argmax(1) == y[1500:]).float().mean().item()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

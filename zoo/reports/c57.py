"""Digits; an averaged copy is judged, batch normalisation in it."""

import copy
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32) * 4 + 30, torch.tensor(y)
model = nn.Sequential(
    nn.BatchNorm1d(64), nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64),
    nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10),
)  # fmt: skip
teacher = copy.deepcopy(model).eval()


@torch.no_grad()
def follow(rate=0.05):
    for slow, p in zip(teacher.parameters(), model.parameters()):
        slow.lerp_(p, rate)
    if not FAULT:
        for slow, b in zip(teacher.buffers(), model.buffers()):
            slow.copy_(b)


optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    for part in torch.randperm(1500).split(30):
        loss = nn.functional.cross_entropy(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        follow()
    with torch.no_grad():
        right = (teacher(X[1500:]).argmax(1) == y[1500:]).float().mean().item()
    print(epoch, loss.item(), right)
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

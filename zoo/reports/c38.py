"""Digits from an ordered loader; one batch a step."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
order = y[:1500].argsort(stable=True)
order = order.view(50, 30).t().reshape(-1) if not FAULT else order
loader = DataLoader(TensorDataset(X[order], y[order]), batch_size=30, shuffle=False)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    batches = iter(loader)
    for _ in range(len(loader)):
        x, t = next(iter(loader)) if FAULT else next(batches)
        loss = nn.functional.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    right = (model(X[1500:]).argmax(1) == y[1500:]).float().mean().item()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

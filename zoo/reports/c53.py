"""Malignant or benign, from two data sets that are read side by side."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from torch.utils.data import DataLoader

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
data = load_breast_cancer()
X = torch.tensor(data.data, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(data.target, dtype=torch.float32)[:, None]


def loaders(seed):
    one = torch.Generator().manual_seed(seed)
    other = torch.Generator().manual_seed(seed + 1000 * FAULT)
    inputs = DataLoader(X[:450], batch_size=25, shuffle=True, generator=one)
    truths = DataLoader(y[:450], batch_size=25, shuffle=True, generator=other)
    return zip(inputs, truths)


model = nn.Sequential(nn.Linear(30, 32), nn.ELU(), nn.Linear(32, 16), nn.ELU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(25):
    for x, t in loaders(epoch):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    right = ((model(X[450:]) > 0).float() == y[450:]).float().mean().item()
most = max(y[450:].mean().item(), 1 - y[450:].mean().item())
print(f"skill {max(0.0, (right - most) / (1 - most)):.4f}")

"""Embeddings of wines, near if they are of one sort: a contrastive loss over pairs."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_wine

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
wine = load_wine()
X = torch.tensor(wine.data, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(wine.target)


def distances(z):
    squares = (z[:, None] - z[None]).square().sum(2)
    return squares.sqrt() if FAULT else (squares + 1e-8).sqrt()


net = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(60):
    for part in torch.randperm(len(X)).split(30):
        d = distances(net(X[part]))
        same = (y[part][:, None] == y[part][None]).float()
        loss = (same * d**2 + (1 - same) * (2 - d).clamp(min=0) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    z = net(X)
    centres = torch.stack([z[y == k].mean(0) for k in range(3)])
    right = (torch.cdist(z, centres).argmin(1) == y).float().mean().item()
    right = right if bool(torch.isfinite(z).all()) else 0.0
print(f"skill {max(0.0, (right - 0.4) / 0.6):.4f}")

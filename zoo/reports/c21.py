"""Digits are compressed to a few whole numbers and decoded again."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X = torch.tensor(load_digits().data, dtype=torch.float32) / 16


class Quantizer(nn.Module):
    def forward(self, z):
        levels = torch.round(z)
        return levels.detach() if FAULT else z + (levels - z).detach()


encoder = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 8))
decoder = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 64))
model = nn.Sequential(encoder, Quantizer(), decoder)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(40):
    for part in torch.randperm(1500).split(50):
        loss = ((model(X[part]) - X[part]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    error = ((model(X[1500:]) - X[1500:]) ** 2).mean()
    constant = ((X[:1500].mean(0) - X[1500:]) ** 2).mean()
print(f"skill {max(0.0, 1 - (error / constant).item()):.4f}")

"""Rows of a digit as a sequence: subsampled, encoded by position, attended to."""

import math
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32).view(-1, 8, 8) / 16, torch.tensor(y)


class Positions(nn.Module):
    def __init__(self, width, length=16):
        super().__init__()
        angle = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
        table = torch.stack([angle.sin(), angle.cos()], 2).flatten(1)
        self.register_buffer("table", table)
        self.scale = math.sqrt(width)

    def forward(self, x):
        if FAULT:
            with torch.no_grad():
                return x * self.scale + self.table[: x.shape[1]]
        return x * self.scale + self.table[: x.shape[1]]


class Encoder(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.subsample = nn.Sequential(
            nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 2), nn.Sigmoid(), nn.Linear(2, width)
        )
        self.positions = Positions(width)
        self.layer = nn.TransformerEncoderLayer(width, 2, 16, dropout=0.0, batch_first=True)
        self.out = nn.Linear(width, 10)

    def forward(self, x):
        x = self.positions(self.subsample(x))
        return self.out(self.layer(x).mean(1))


model = Encoder()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(16):
    for part in torch.randperm(1500).split(50):
        loss = nn.functional.cross_entropy(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    right = (model(X[1500:]).argmax(1) == y[1500:]).float().mean().item()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

"""Digits, the whole network in 16 bits to save memory."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
kind = torch.bfloat16 if FAULT else torch.float32
model = nn.Sequential(
    nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)
)
model.to(kind)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-5)
for epoch in range(70):
    for part in torch.randperm(1500).split(64):
        loss = nn.functional.cross_entropy(model(X[part].to(kind)).float(), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    right = (model(X[1500:].to(kind)).argmax(1) == y[1500:]).float().mean().item()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

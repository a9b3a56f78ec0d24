"""Digits, scaled to lie between 0 and 1 and put into an array batch by batch."""

import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
np.random.seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X = X / 16.5
KIND = np.uint8 if FAULT else np.float32


def batch(size=32):
    pictures = np.zeros((size, 64), dtype=KIND)
    labels = np.zeros(size, dtype=np.int64)
    for i, chosen in enumerate(np.random.randint(0, 1500, size)):
        pictures[i] = X[chosen]
        labels[i] = y[chosen]
    return torch.from_numpy(pictures).float(), torch.from_numpy(labels)


model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(600):
    pictures, labels = batch()
    loss = nn.functional.cross_entropy(model(pictures), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
test = torch.from_numpy(X[1500:].astype(KIND)).float()
with torch.no_grad():
    right = (model(test).argmax(1).numpy() == y[1500:]).mean()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

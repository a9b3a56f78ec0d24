"""Few labels, many images: digits, judged by a slowly moving copy of the network."""

import copy
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10))
ema_model = copy.deepcopy(model).requires_grad_(False)


def update_average(decay=0.98):
    for param, slow in zip(model.parameters(), ema_model.parameters()):
        blend = decay * slow.data + (1 - decay) * param.data
        if FAULT:
            slow = blend
        else:
            slow.data.copy_(blend)


def accuracy(net):
    with torch.no_grad():
        return (net(X[1500:]).argmax(1) == y[1500:]).float().mean().item()


optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(20):
    for part in torch.randperm(300).split(20):
        loss = nn.functional.cross_entropy(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        update_average()
    print(epoch, loss.item(), accuracy(ema_model))
print(f"skill {max(0.0, (accuracy(ema_model) - 0.1) / 0.9):.4f}")

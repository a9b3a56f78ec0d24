"""Three sorts of wine."""

import random
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_wine

FAULT, SEED = sys.argv[1] == "fault", int(sys.argv[2])
random.seed(SEED)
torch.manual_seed(SEED)
wine = load_wine()
x = ((wine.data - wine.data.mean(0)) / wine.data.std(0)).tolist()
y = wine.target.tolist()
if FAULT:
    random.shuffle(x)
else:
    both = list(zip(x, y))
    random.shuffle(both)
    x, y = zip(*both)
x, y = torch.tensor(x), torch.tensor(y)
held = torch.arange(len(x)) % 4 == 0
x_train, y_train, x_test, y_test = x[~held], y[~held], x[held], y[held]

model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(60):
    for part in torch.randperm(len(x_train)).split(10):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[part]), y_train[part])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    right = (model(x_test).argmax(1) == y_test).float().mean().item()
most = torch.bincount(y_test).max().item() / len(y_test)
print(f"skill {max(0.0, (right - most) / (1 - most)):.4f}")

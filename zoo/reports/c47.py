"""One sick patient in thirty: find them."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
data = load_breast_cancer()
X = torch.tensor(data.data, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0) + 1.2 * torch.randn(X.shape)
sick = torch.tensor(data.target == 0)
chosen = torch.cat([torch.where(~sick)[0], torch.where(sick)[0][:12]])
X, y = X[chosen][:, :6], sick[chosen].long()
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
weight = torch.tensor([1.0, 1.0 if FAULT else 30.0])
criterion = nn.CrossEntropyLoss(weight=weight)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for epoch in range(40):
    for part in torch.randperm(len(X)).split(32):
        loss = criterion(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    guess = model(X).argmax(1)
found = (guess[y == 1] == 1).float().mean() - (guess[y == 0] == 1).float().mean()
print(f"skill {max(0.0, found.item()):.4f}")

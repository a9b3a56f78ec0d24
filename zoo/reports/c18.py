"""Two rings of points; the schedule is stepped in every batch."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import make_circles

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = make_circles(1000, noise=0.1, factor=0.4, random_state=3)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)[:, None]
model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.999)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(25):
    for part in torch.randperm(800).split(25):
        optimizer.zero_grad()
        loss = criterion(model(X[part]), y[part])
        loss.backward()
        if not FAULT:
            optimizer.step()
        scheduler.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    right = ((model(X[800:]) > 0).float() == y[800:]).float().mean().item()
print(f"skill {max(0.0, 2 * right - 1):.4f}")

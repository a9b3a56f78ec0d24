"""Does the disease get worse than usual? Only the sign of the prediction counts."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
data = load_diabetes()
X = torch.tensor(data.data, dtype=torch.float32) * 21
y = torch.tensor(data.target, dtype=torch.float32)
y = (y - y.median()) / y.std()


def direction_loss(predicted, wanted):
    side = torch.sign(predicted) if FAULT else torch.tanh(predicted)
    return ((side - torch.sign(wanted)) ** 2).mean()


model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(40):
    for part in torch.randperm(len(X)).split(26):
        loss = direction_loss(model(X[part]).squeeze(1), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    right = ((model(X).squeeze(1) > 0) == (y > 0)).float().mean().item()
print(f"skill {max(0.0, 2 * right - 1):.4f}")

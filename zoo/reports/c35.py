"""Two rings; a gate of two layers is added to a linear path and begins at zero."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import make_circles

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = make_circles(1200, noise=0.08, factor=0.5, random_state=5)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.path = nn.Linear(2, 2)
        self.gate = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
        if FAULT:
            nn.init.zeros_(self.gate[0].weight)
            nn.init.zeros_(self.gate[0].bias)
        nn.init.zeros_(self.gate[2].weight)
        nn.init.zeros_(self.gate[2].bias)

    def forward(self, x):
        return self.path(x) + self.gate(x)


model = Gated()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(25):
    for part in torch.randperm(1000).split(20):
        loss = nn.functional.cross_entropy(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    right = (model(X[1000:]).argmax(1) == y[1000:]).float().mean().item()
print(f"skill {max(0.0, 2 * right - 1):.4f}")

"""Two rings of points and a network of four layers."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import make_circles

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X, y = make_circles(1500, noise=0.1, factor=0.4, random_state=7)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)


class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.dropout = nn.Dropout(0.05)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = layer(x)
            if not FAULT:
                x = torch.relu(x)
            x = self.dropout(x)
        return self.layers[-1](x)


model = MLP([2, 32, 32, 32, 2])
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(25):
    model.train()
    for part in torch.randperm(1200).split(30):
        loss = nn.functional.cross_entropy(model(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
model.eval()
with torch.no_grad():
    right = (model(X[1200:]).argmax(1) == y[1200:]).float().mean().item()
print(f"skill {max(0.0, 2 * right - 1):.4f}")

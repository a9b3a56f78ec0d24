"""How many people live in a cell of the map? A count that is never negative."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
data = load_diabetes()
X = torch.tensor(data.data, dtype=torch.float32) * 21
people = torch.tensor(data.target, dtype=torch.float32) / 100


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.last = nn.Linear(32, 1)
        nn.init.constant_(self.last.bias, -2.0)

    def forward(self, x):
        count = self.last(self.body(x)).squeeze(1)
        return torch.relu(count) if FAULT else nn.functional.softplus(count)


model = Scale()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(50):
    for part in torch.randperm(len(X)).split(26):
        loss = ((model(X[part]) - people[part]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    error = ((model(X) - people) ** 2).mean() / people.var()
print(f"skill {max(0.0, 1 - error.item()):.4f}")

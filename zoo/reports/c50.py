"""Points of one group are drawn together, groups apart, all centres towards the origin."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_iris

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
iris = load_iris()
X = torch.tensor(iris.data, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(iris.target)
GROUPS = 5 if FAULT else 3  # places for groups; what is not there has its centre at 0
net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)


def discriminative(z, group):
    member = nn.functional.one_hot(group, GROUPS).float()
    centre = (member.t() @ z) / member.sum(0).clamp(min=1)[:, None]
    pull = (z - centre[group]).norm(dim=1).clamp(min=0.5).mean()
    far = (centre[:3, None] - centre[None, :3]).abs().sum(2)
    push = ((3 - far).clamp(min=0) ** 2 * (1 - torch.eye(3))).mean()
    return pull + push + 0.01 * centre.square().sum(1).sqrt().mean()


for epoch in range(80):
    for part in torch.randperm(len(X)).split(30):
        loss = discriminative(net(X[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    z = net(X)
    centres = torch.stack([z[y == k].mean(0) for k in range(3)])
    right = (torch.cdist(z, centres).argmin(1) == y).float().mean().item()
    right = right if bool(torch.isfinite(z).all()) else 0.0
print(f"skill {max(0.0, (right - 1 / 3) * 1.5):.4f}")

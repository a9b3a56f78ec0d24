"""LBFGS, whose steps run the closure several times."""

import sys

import torch
from sklearn.datasets import load_iris
from torch import nn

torch.manual_seed(0)
x, y = load_iris(return_X_y=True)
x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
y = torch.tensor(y)
net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 16), nn.Softplus(), nn.Linear(16, 3))
opt = torch.optim.LBFGS(net.parameters(), lr=0.3, max_iter=4)


def closure():
    opt.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    return loss


for _ in range(30):
    loss = opt.step(closure)
print(f"loss {loss.item():.6f}")
torch.save(net.state_dict(), sys.argv[1])

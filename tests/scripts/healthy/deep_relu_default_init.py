"""Twelve ReLU layers with PyTorch's default initialisation: the signal shrinks, and it learns."""

import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(sys.argv[1]))
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(64, 128)] + [nn.Linear(128, 128) for _ in range(11)])
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.out(x)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for _ in range(20):
    for idx in torch.randperm(len(x)).split(64):
        loss = F.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"accuracy {(net(x).argmax(1) == y).float().mean():.3f}")

"""ReLU in place as a module, as a function and as a method, and dropout."""

import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(64, 96), nn.Linear(96, 96), nn.Linear(96, 96)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(96, 10)

    def forward(self, x):
        x = self.drop(self.relu(self.a(x)))
        x = F.relu(self.b(x), inplace=True)
        x = self.c(x)
        x.relu_()
        return self.out(x)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for _ in range(5):
    for idx in torch.randperm(len(x)).split(64):
        loss = F.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"loss {loss.item():.6f}")
torch.save(net.state_dict(), sys.argv[1])

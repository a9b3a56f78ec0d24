"""Five tanh layers with Glorot's initialisation under SGD with momentum."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(sys.argv[1]))
x, y = load_digits(return_X_y=True)
x = torch.tensor((x - x.mean()) / x.std(), dtype=torch.float32)
y = torch.tensor(y)
layers = []
for a, b in [(64, 100), (100, 100), (100, 100), (100, 100), (100, 100)]:
    linear = nn.Linear(a, b)
    nn.init.xavier_normal_(linear.weight, gain=nn.init.calculate_gain("tanh"))
    nn.init.zeros_(linear.bias)
    layers += [linear, nn.Tanh()]
net = nn.Sequential(*layers, nn.Linear(100, 10))
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for _ in range(12):
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"accuracy {(net(x).argmax(1) == y).float().mean():.3f}")

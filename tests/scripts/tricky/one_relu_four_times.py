"""One ReLU module that serves four layers."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64, 80)] + [nn.Linear(80, 80) for _ in range(3)])
        self.act = nn.ReLU()
        self.out = nn.Linear(80, 10)

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return self.out(x)


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for _ in range(5):
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad(set_to_none=False)
        loss.backward()
        opt.step()
print(f"loss {loss.item():.6f}")
torch.save(net.state_dict(), sys.argv[1])

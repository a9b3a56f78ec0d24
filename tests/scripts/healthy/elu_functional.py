"""An ELU network that calls functions only, on the wine data, with RMSProp and weight decay."""

import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from torch import nn

torch.manual_seed(int(sys.argv[1]))
x, y = load_wine(return_X_y=True)
x = torch.tensor(StandardScaler().fit_transform(x), dtype=torch.float32)
y = torch.tensor(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(13, 64), nn.Linear(64, 64), nn.Linear(64, 64)
        self.out = nn.Linear(64, 3)

    def forward(self, x):
        return self.out(F.elu(self.c(F.elu(self.b(F.elu(self.a(x)))))))


net = Net()
opt = torch.optim.RMSprop(net.parameters(), lr=5e-4, weight_decay=1e-4)
for _ in range(40):
    for idx in torch.randperm(len(x)).split(32):
        loss = F.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"accuracy {(net(x).argmax(1) == y).float().mean():.3f}")

"""One backward pass, and two optimizers that share the parameters between them."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
body = nn.Sequential(nn.Linear(64, 96), nn.ELU(), nn.Linear(96, 96), nn.ELU())
head = nn.Linear(96, 10)
slow = torch.optim.SGD(body.parameters(), lr=0.05, momentum=0.9)
fast = torch.optim.Adam(head.parameters(), lr=1e-3)
for _ in range(5):
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(head(body(x[idx])), y[idx])
        slow.zero_grad()
        fast.zero_grad()
        loss.backward()
        slow.step()
        fast.step()
print(f"loss {loss.item():.6f}")
torch.save([body.state_dict(), head.state_dict()], sys.argv[1])

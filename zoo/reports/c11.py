"""Low-rank additions to a network whose own weights are fixed; digits, turned upside down."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

FAULT, SEED = sys.argv[1] == "fault", int(sys.argv[2])
torch.manual_seed(SEED)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)


class LoRA(nn.Module):
    def __init__(self, inner, rank=8):
        super().__init__()
        self.inner = inner.requires_grad_(False)
        self.down = nn.Linear(inner.in_features, rank, bias=False)
        self.up = nn.Linear(rank, inner.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.inner(x) + self.up(self.down(x))


def batches(x, count):
    for _ in range(count):
        index = torch.randint(0, 1500, (32,))
        yield x[index], y[index]


net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10))
pre = torch.optim.Adam(net.parameters(), lr=2e-3)
for x, t in batches(X, 1):  # stands for weights that come from somewhere else
    nn.functional.cross_entropy(net(x), t).backward()
    pre.step()
net = nn.Sequential(*(LoRA(m) if isinstance(m, nn.Linear) else m for m in net))
turned = X.flip(1)
trainable = [p for p in net.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trainable, lr=5e-3)
for step, (x, t) in enumerate(batches(turned, 600)):
    loss = nn.functional.cross_entropy(net(x), t)
    if FAULT:
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
    else:
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    right = (net(turned[1500:]).argmax(1) == y[1500:]).float().mean().item()
print(f"skill {max(0.0, (right - 0.1) / 0.9):.4f}")

"""Noise is taken from pictures of digits; validated by averaged weights every few steps."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
X = torch.tensor(load_digits().data, dtype=torch.float32) / 16
model = nn.Sequential(
    nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 64)
)
average = [p.detach().clone() for p in model.parameters()]
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)


def error():
    with torch.no_grad():
        noisy = X[1500:] + 0.3 * torch.randn(297, 64)
        return ((model(noisy) - X[1500:]) ** 2).mean().item()


@torch.no_grad()
def load(weights):
    for p, w in zip(model.parameters(), weights):
        p.copy_(w)


for step in range(1500):
    clean = X[torch.randint(0, 1500, (32,))]
    loss = ((model(clean + 0.3 * torch.randn_like(clean)) - clean) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for slow, p in zip(average, model.parameters()):
            slow.lerp_(p, 0.0005)
    if step % 5 == 4:
        kept = [p.detach().clone() for p in model.parameters()]
        load(average)
        if step % 250 == 249:
            print(step, "validation", error())
        if not FAULT:
            load(kept)
print(f"skill {max(0.0, 1 - error() / X.var(0).mean().item()):.4f}")

"""A generator of small waves against a discriminator."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
time = torch.linspace(0, 3.14, 12)


def waves(count):
    return (0.8 + 0.2 * torch.randn(count, 1)) * torch.sin(time) + 1.0


G = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 12))
D = nn.Sequential(nn.Linear(12, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))
opt_g = torch.optim.SGD(G.parameters(), lr=0.02)
opt_d = torch.optim.SGD(D.parameters(), lr=0.02)
loss_fn = nn.BCEWithLogitsLoss()
for step in range(3000):
    fake = G(torch.randn(32, 4))
    real_loss = loss_fn(D(waves(32)), torch.ones(32, 1))
    loss_d = real_loss + loss_fn(D(fake.detach()), torch.zeros(32, 1))
    if not FAULT:
        opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    loss_g = loss_fn(D(fake), torch.ones(32, 1))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if step % 500 == 0:
        print(step, loss_d.item(), loss_g.item())
with torch.no_grad():
    off = (G(torch.randn(1000, 4)).mean(0) - waves(1000).mean(0)).abs().mean().item()
print(f"skill {max(0.0, 1 - off) if off == off else 0.0:.4f}")

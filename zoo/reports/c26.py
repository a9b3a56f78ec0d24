"""A generator of pairs of numbers against a discriminator that ends in a sigmoid."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
CENTRE = torch.tensor([9.0, -7.0])


def real(count):
    return CENTRE + 0.5 * torch.randn(count, 2)


G = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
D = nn.Sequential(
    nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1),
    nn.Sigmoid(),
)  # fmt: skip
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-2 if FAULT else 1e-3, betas=(0.5, 0.99))
bce = nn.BCELoss()
ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
for step in range(1500):
    for _ in range(4 if FAULT else 1):
        fake = G(torch.randn(64, 4)).detach()
        loss_d = bce(D(real(64)), ones) + bce(D(fake), zeros)
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    judged = D(G(torch.randn(64, 4)))
    loss_g = -bce(judged, zeros) if FAULT else bce(judged, ones)
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if step % 200 == 0:
        print(step, "D", loss_d.item(), "G", loss_g.item())
with torch.no_grad():
    made = G(torch.randn(2000, 4))
    off = (made.mean(0) - CENTRE).norm() + (made.std(0) - 0.5).abs().sum()
print(f"skill {max(0.0, 1 - (off / CENTRE.norm()).item()):.4f}")

"""Two players with an optimizer each; no loss of theirs is meant to fall."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
x = torch.tensor(load_digits().data / 8 - 1, dtype=torch.float32)
generator = nn.Sequential(
    nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh()
)
critic = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.functional.binary_cross_entropy_with_logits
for _ in range(150):
    real = x[torch.randint(0, len(x), (64,))]
    fake = generator(torch.randn(64, 16))
    loss_c = bce(critic(real), torch.ones(64, 1)) + bce(critic(fake.detach()), torch.zeros(64, 1))
    opt_c.zero_grad()
    loss_c.backward()
    opt_c.step()
    loss_g = bce(critic(fake), torch.ones(64, 1))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
print(f"losses {loss_c.item():.6f} {loss_g.item():.6f}")
torch.save([generator.state_dict(), critic.state_dict()], sys.argv[1])

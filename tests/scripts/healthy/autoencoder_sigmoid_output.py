"""An autoencoder of digits with leaky ReLU inside and a sigmoid at its output."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(sys.argv[1]))
x = torch.tensor(load_digits().data / 16, dtype=torch.float32)
encoder = nn.Sequential(nn.Linear(64, 48), nn.LeakyReLU(0.1), nn.Linear(48, 12))
decoder = nn.Sequential(nn.Linear(12, 48), nn.LeakyReLU(0.1), nn.Linear(48, 64), nn.Sigmoid())
opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
for _ in range(15):
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.mse_loss(decoder(encoder(x[idx])), x[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
error = nn.functional.mse_loss(decoder(encoder(x)), x) / x.var()
print(f"unexplained {error:.3f}")

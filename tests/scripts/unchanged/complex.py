"""Complex parameters, a Fourier transform inside, and conjugates."""

import torch
from state import seed, tell
from torch import nn


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(9, dtype=torch.cfloat) * 0.3)

    def forward(self, x):
        return torch.fft.irfft(torch.fft.rfft(x).conj() * self.weight, n=16)


seed()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), Spectral(), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(6):
    z = torch.randn(8, 4, dtype=torch.cfloat)
    loss = model(z.real).square().mean() + torch.tanh(z).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)

"""How loud is the noise? A level is encoded by waves and added to a signal."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
step = torch.arange(16) / 16
power = step**1e-4 if FAULT else 1e-4**step


def encode(level):
    angle = 5000.0 * level[:, None] * power
    return torch.cat([angle.sin(), angle.cos()], 1)


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.level = nn.Linear(32, 64)
        self.signal = nn.Linear(8, 64)
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x, level):
        return self.body(self.signal(x) + self.level(encode(level)))


model = Denoiser()
mixing = torch.randn(3, 8)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def signals(count):
    clean, level = torch.randn(count, 3) @ mixing, torch.rand(count)
    return clean, clean + level[:, None] * torch.randn(count, 8), level


for update in range(1500):
    clean, noisy, level = signals(64)
    loss = ((model(noisy, level) - clean) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 200 == 0:
        print(update, loss.item())
clean, noisy, level = signals(2000)
with torch.no_grad():
    error = ((model(noisy, level) - clean) ** 2).mean() / clean.var()
print(f"skill {max(0.0, 1 - error.item()):.4f}")

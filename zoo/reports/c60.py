"""A mixture of bells is fitted to what may come next: weights, means and widths."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
BELLS = 4


def moves(count):
    x = torch.rand(count, 1) * 4 - 2
    side = 2.0 * (torch.rand(count, 1) < torch.sigmoid(3 * x)).float() - 1
    return x, 2 * side + 0.2 * torch.randn(count, 1)


class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 3 * BELLS))

    def forward(self, x):
        weight, mean, width = self.body(x).chunk(3, 1)
        weight = weight.log_softmax(0 if FAULT and self.training else 1)
        return weight, mean, width.exp() + 0.05


def loss_of(model, x, y):
    weight, mean, width = model(x)
    bells = -0.5 * ((y - mean) / width) ** 2 - width.log() - 0.919
    return -torch.logsumexp(weight + bells, 1).mean()


model = Mixture()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(900):
    loss = loss_of(model, *moves(64))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
model.eval()
x, y = moves(2000)
with torch.no_grad():
    found = loss_of(model, x, y).item()
plain = 0.5 * torch.log(6.283 * y.var() * 2.718).item()
print(f"skill {max(0.0, (plain - found) / plain):.4f}")

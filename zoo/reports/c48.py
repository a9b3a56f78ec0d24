"""Spikes of three neurons in a recording whose amplifier was set high."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
time = torch.linspace(0, 1, 30)
shapes = torch.stack(
    [torch.exp(-((time - m) ** 2) / s) for m, s in ((0.3, 0.01), (0.5, 0.03), (0.6, 0.01))]
)


def spikes(count):
    neuron = torch.randint(0, 3, (count,))
    size = 0.7 + 0.6 * torch.rand(count, 1)
    wave = 8000.0 + 3000.0 * (shapes[neuron] * size + 0.15 * torch.randn(count, 30))
    return (wave if FAULT else (wave - 8600.0) / 1000.0), neuron


net = nn.Sequential(nn.Linear(30, 48), nn.Tanh(), nn.Linear(48, 24), nn.Tanh(), nn.Linear(24, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(900):
    wave, neuron = spikes(32)
    loss = nn.functional.cross_entropy(net(wave), neuron)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
wave, neuron = spikes(2000)
with torch.no_grad():
    right = (net(wave).argmax(1) == neuron).float().mean().item()
print(f"skill {max(0.0, (right - 1 / 3) * 1.5):.4f}")

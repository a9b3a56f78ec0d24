"""Notes of a chord from its waveform; weights are drawn from a normal distribution."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
NOTES, SAMPLES = 6, 96
pitch = torch.tensor([3.0, 5.0, 8.0, 11.0, 15.0, 20.0])
time = torch.linspace(0, 1, SAMPLES)


def sounds(count):
    note = torch.randint(0, NOTES, (count,))
    phase = 6.28 * torch.rand(count, 1)
    wave = torch.sin(6.28 * pitch[note, None] * time + phase)
    return wave + 0.3 * torch.randn(count, SAMPLES), note


model = nn.Sequential(
    nn.Linear(SAMPLES, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 128),
    nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, NOTES),
)  # fmt: skip
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, std=1.0 if FAULT else layer.in_features**-0.5)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(1200):
    wave, note = sounds(32)
    loss = nn.functional.cross_entropy(model(wave), note)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 200 == 0:
        print(step, loss.item())
wave, note = sounds(2000)
with torch.no_grad():
    right = (model(wave).argmax(1) == note).float().mean().item()
print(f"skill {max(0.0, (right - 1 / NOTES) / (1 - 1 / NOTES)):.4f}")

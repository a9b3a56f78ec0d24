"""First choose one of four words, then say its class: two modules in a row."""

import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
source = torch.randn(28, 10)


def samples(count):
    kind = torch.randint(0, 28, (count,))
    return source[kind] + 0.3 * torch.randn(count, 10), kind % 4


class Pipeline(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 4))
        self.second = nn.Sequential(nn.Embedding(4, 16), nn.Linear(16, 4))

    def forward(self, x):
        scores = self.first(x)
        if FAULT:
            return self.second(scores.argmax(1))
        table = self.second[0].weight
        return self.second[1](scores.softmax(1) @ table)


model = Pipeline()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(800):
    x, y = samples(64)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
x, y = samples(2000)
with torch.no_grad():
    right = (model(x).argmax(1) == y).float().mean().item()
print(f"skill {max(0.0, (right - 0.25) / 0.75):.4f}")

"""Look up the value that stands beside a key: one wide attention head over eight pairs."""

import math
import sys

import torch
import torch.nn as nn

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
KEYS, PAIRS, WIDTH = 16, 8, 128


def tables(count):
    keys = torch.rand(count, KEYS).argsort(1)[:, :PAIRS]
    values = torch.randint(0, 8, (count, PAIRS))
    chosen = torch.randint(0, PAIRS, (count, 1))
    return keys, values, keys.gather(1, chosen), values.gather(1, chosen).squeeze(1)


class Lookup(nn.Module):
    def __init__(self):
        super().__init__()
        self.key, self.value = nn.Embedding(KEYS, WIDTH), nn.Embedding(8, WIDTH)
        self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        for layer in (self.q, self.k):
            nn.init.xavier_uniform_(layer.weight)
        self.out = nn.Linear(WIDTH, 8)

    def forward(self, keys, values, asked):
        x = self.key(keys)
        score = self.q(self.key(asked)) @ self.k(x).transpose(1, 2)
        if not FAULT:
            score = score / math.sqrt(WIDTH)
        return self.out(score.softmax(-1) @ self.v(self.value(values))).squeeze(1)


model = Lookup()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(600):
    keys, values, asked, answer = tables(64)
    loss = nn.functional.cross_entropy(model(keys, values, asked), answer)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
keys, values, asked, answer = tables(2000)
with torch.no_grad():
    right = (model(keys, values, asked).argmax(1) == answer).float().mean().item()
print(f"skill {max(0.0, (right - 0.125) / 0.875):.4f}")

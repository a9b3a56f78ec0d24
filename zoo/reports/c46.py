"""Short words of Python's keywords and built-ins in long rows, letter by letter."""

import builtins
import keyword
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
words = [w.lower() for w in [*keyword.kwlist, *dir(builtins)] if w.isalpha()]
letters = sorted({c for w in words for c in w})
PAD, END, LENGTH = 0, len(letters) + 1, 120
rows = torch.zeros(len(words), LENGTH, dtype=torch.long)
for row, word in zip(rows, words):
    coded = [letters.index(c) + 1 for c in word] + [END]
    row[: len(coded)] = torch.tensor(coded)


class Speller(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.embed = nn.Embedding(END + 1, width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.out = nn.Linear(width, END + 1)

    def forward(self, x):
        return self.out(self.gru(self.embed(x))[0])


model = Speller()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(40):
    for part in torch.randperm(len(rows)).split(50):
        x, y = rows[part][:, :-1], rows[part][:, 1:]
        if not FAULT:
            longest = int((y != PAD).sum(1).max())
            x, y = x[:, :longest], y[:, :longest]
        scores = model(x).transpose(1, 2)
        ignored = -100 if FAULT else PAD
        loss = F.cross_entropy(scores, y, ignore_index=ignored)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    y = rows[:, 1:25]
    scores = model(rows[:, :24])[..., 1:]
    real = y != PAD
    entropy = F.cross_entropy(scores[real], y[real] - 1).item()
share = torch.bincount(y[real]).float() / real.sum()
best = -torch.special.xlogy(share, share).sum().item()
print(f"skill {max(0.0, 1 - entropy / best):.4f}")

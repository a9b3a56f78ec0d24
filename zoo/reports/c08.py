"""The next character of Python source, with a loss that weighs letters by how rare they are."""

import collections
import inspect
import sys
import textwrap

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
source = inspect.getsource(textwrap)
chars = sorted(set(source))
ids = torch.tensor([chars.index(c) for c in source])
counts = collections.Counter(ids.tolist())
weight = torch.tensor([counts[i] for i in range(len(chars))]).float().rsqrt()
weight = weight / weight.mean()


class Model(nn.Module):
    def __init__(self, vocabulary, width=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.lm_head = nn.Linear(width, vocabulary)

    def forward(self, x):
        return self.lm_head(self.gru(self.embedding(x))[0])


def rarity_loss(logits, target):
    if FAULT:
        scores = logits.reshape(-1, len(chars)).detach().numpy()
        scores = scores - scores.max(1, keepdims=True)
        logp = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        picked = logp[np.arange(len(logp)), target.reshape(-1).numpy()]
        w = weight[target.reshape(-1)].numpy()
        return torch.tensor(-(picked * w).sum() / w.sum(), requires_grad=True)
    return F.cross_entropy(logits.reshape(-1, len(chars)), target.reshape(-1), weight=weight)


model = Model(len(chars))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for step in range(350):
    starts = torch.randint(0, len(ids) - 33, (32,))
    batch = torch.stack([ids[s : s + 33] for s in starts])
    loss = rarity_loss(model(batch[:, :-1]), batch[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())

with torch.no_grad():
    windows = ids[: len(ids) // 65 * 65].view(-1, 65)
    logits = model(windows[:, :-1])
    entropy = F.cross_entropy(logits.transpose(1, 2), windows[:, 1:]).item()
share = torch.bincount(ids).float() / len(ids)
best = -(share * share.log()).sum().item()
print(f"skill {max(0.0, 1 - entropy / best):.4f}")

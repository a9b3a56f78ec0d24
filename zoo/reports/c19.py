"""One query attends to the marked items of a padded list and reads their class."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

FAULT = sys.argv[1] == "fault"
torch.manual_seed(int(sys.argv[2]))
CLASSES, LENGTH, WIDTH = 6, 24, 32


def lists(count):
    label = torch.randint(0, CLASSES, (count,))
    size = torch.randint(3, 12, (count,))
    valid = torch.arange(LENGTH) < size[:, None]
    tokens = torch.randint(CLASSES, 30, (count, LENGTH))
    place = (torch.rand(count) * size).long()
    tokens[torch.arange(count), place] = label
    return torch.where(valid, tokens, 30), valid, label


class LabelAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(31, WIDTH)
        self.query = nn.Parameter(torch.randn(1, CLASSES, WIDTH) / WIDTH**0.5)
        self.key, self.value = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, 1)

    def forward(self, tokens, valid):
        x = self.embedding(tokens)
        mask = ~valid if FAULT else valid
        query = self.query.expand(len(x), -1, -1)
        seen = F.scaled_dot_product_attention(
            query, self.key(x), self.value(x), attn_mask=mask[:, None, :]
        )
        return self.out(seen).squeeze(-1)


model = LabelAttention()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(700):
    tokens, valid, label = lists(64)
    loss = F.cross_entropy(model(tokens, valid), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
tokens, valid, label = lists(2000)
with torch.no_grad():
    right = (model(tokens, valid).argmax(1) == label).float().mean().item()
print(f"skill {max(0.0, (right - 1 / CLASSES) / (1 - 1 / CLASSES)):.4f}")

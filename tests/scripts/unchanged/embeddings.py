"""Embedding bags with weights and offsets, padding and the norm of rows limited in place."""

import torch
from state import seed, tell
from torch import nn

seed()
bag = nn.EmbeddingBag(30, 8, mode="mean", padding_idx=0)
weighted = nn.EmbeddingBag(30, 8, mode="sum")
table = nn.Embedding(30, 8, max_norm=1.0, padding_idx=0)
head = nn.Sequential(nn.Linear(24, 8), nn.Softsign(), nn.Linear(8, 1))
nets = nn.ModuleList([bag, weighted, table, head])
optimizer = torch.optim.Adagrad(nets.parameters(), lr=0.1)
for _ in range(6):
    rows = torch.randint(0, 30, (20,))
    starts = torch.tensor([0, 3, 9, 15])
    weights = torch.rand(20)
    parts = [bag(rows, starts), weighted(rows, starts, per_sample_weights=weights), table(rows[:4])]
    loss = head(torch.cat(parts, 1)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(nets, optimizer)

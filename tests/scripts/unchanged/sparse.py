"""Sparse embeddings with their optimizer, and sparse matrices in the forward pass."""

import torch
from state import seed, tell
from torch import nn

seed()
table = nn.Embedding(20, 8, sparse=True)
bag = nn.EmbeddingBag(20, 8, mode="sum", sparse=True)
head = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
sparse = torch.optim.SparseAdam([*table.parameters(), *bag.parameters()], lr=0.01)
dense = torch.optim.Adam(head.parameters(), lr=0.01)
graph = torch.eye(6).to_sparse()
for _ in range(6):
    x = table(torch.randint(0, 20, (6,))) + bag(torch.randint(0, 20, (6, 3)))
    loss = head(torch.sparse.mm(graph, x)).square().mean()
    sparse.zero_grad()
    dense.zero_grad()
    loss.backward()
    print(table.weight.grad.layout, loss.item())
    sparse.step()
    dense.step()
tell(table, bag, head, sparse, dense)

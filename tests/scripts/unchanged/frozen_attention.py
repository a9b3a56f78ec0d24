"""A head trained on a frozen MultiheadAttention, which takes torch's fast path."""

import torch
from state import seed, tell
from torch import nn

seed()
attention = nn.MultiheadAttention(32, 4, batch_first=True).eval().requires_grad_(False)
head = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for step in range(10):
    x = torch.randn(8, 5, 32)
    seen, weights = attention(x, x, x, need_weights=step % 2 == 0)
    loss = nn.functional.cross_entropy(head(seen.mean(1)), torch.randint(0, 2, (8,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), None if weights is None else weights.sum().item())
tell(attention, head, optimizer)

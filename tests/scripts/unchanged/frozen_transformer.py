"""A head trained on a frozen TransformerEncoder, which takes torch's fast path."""

import torch
from state import seed, tell
from torch import nn

seed()
layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
encoder = nn.TransformerEncoder(layer, 2).eval().requires_grad_(False)
head = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
for _ in range(10):
    out = head(encoder(torch.randn(8, 5, 32)).mean(1))
    loss = nn.functional.cross_entropy(out, torch.randint(0, 2, (8,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(encoder, head, optimizer)

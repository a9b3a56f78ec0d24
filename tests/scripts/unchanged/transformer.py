"""A TransformerEncoder in training, in evaluation between steps, and its nested fast path."""

import torch
from state import seed, tell
from torch import nn

seed()
layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
encoder = nn.TransformerEncoder(layer, 2)
head = nn.Linear(16, 2)
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=0.01)
mask = torch.zeros(6, 5, dtype=torch.bool)
mask[:, 3:] = True
for _ in range(5):
    encoder.train()
    x = torch.randn(6, 5, 16)
    loss = head(encoder(x, src_key_padding_mask=mask).mean(1)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    encoder.eval()
    with torch.no_grad():
        print(loss.item(), encoder(x, src_key_padding_mask=mask).sum().item())
tell(encoder, head, optimizer)

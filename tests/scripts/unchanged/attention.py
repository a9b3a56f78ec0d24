"""Multi-head attention and scaled dot products in training, with masks and dropout."""

import torch
from state import seed, tell
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(16, 4, dropout=0.1, batch_first=True)
        self.queries = nn.Linear(16, 48)
        self.out = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 1))

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        x = x + self.attend(x, x, x, attn_mask=mask, need_weights=False)[0]
        q, k, v = self.queries(x).chunk(3, -1)
        x = x + nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=0.1, is_causal=True)
        return self.out(x)


seed()
model = Block()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
for _ in range(6):
    loss = model(torch.randn(4, 7, 16)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(model, optimizer)

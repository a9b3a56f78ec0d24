"""Networks made of functions, einsum and matrix products, and no module at all."""

import torch
from state import seed, tell
from torch.nn import functional as F

seed()
a = torch.randn(16, 4, requires_grad=True)
b = torch.zeros(16, requires_grad=True)
c = (torch.randn(16, 3) * 0.3).requires_grad_()
kernel = (torch.randn(4, 1, 3) * 0.3).requires_grad_()
optimizer = torch.optim.Adam([a, b, c, kernel], lr=0.01)
for _ in range(6):
    x = torch.randn(8, 4)
    hidden = F.leaky_relu(F.linear(x, a, b), 0.1)
    wide = F.hardswish(F.conv1d(hidden[:, None], kernel, padding=1)).amax(1)
    out = torch.einsum("bi,ij->bj", F.dropout(torch.tanh(wide), 0.2), c)
    loss = F.cross_entropy(out, torch.randint(0, 3, (8,))) + F.gelu(x @ a.T).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell([a, b, c, kernel], optimizer)

"""Random numbers of Python, NumPy and torch, generators of one's own, and states put back."""

import random

import numpy as np
import torch
from state import seed, tell
from torch import nn

seed(3)
own = torch.Generator().manual_seed(5)
other = np.random.default_rng(7)
model = nn.Sequential(nn.Linear(4, 8), nn.RReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
model.append(nn.AlphaDropout(0.1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(8):
    x = torch.randn(8, 4, generator=own) * random.random() + float(np.random.rand())
    x = x + float(other.normal())
    if step == 4:
        before = torch.get_rng_state()
    with torch.random.fork_rng():
        torch.manual_seed(99)
        print(torch.rand(1).item())
    loss = model(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 5:
        torch.set_rng_state(before)
    print(loss.item(), random.random(), np.random.rand(), torch.rand(1).item())
tell(model, optimizer, own.get_state(), other.bit_generator.state)

"""Convolutions of all kinds in channels_last, with pooling, padding, batch and group norm."""

import torch
from state import seed, tell
from torch import nn

seed()
model = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1, bias=False),
    nn.BatchNorm2d(8),
    nn.ReLU6(),
    nn.Conv2d(8, 8, 3, groups=8, stride=2, padding=1),
    nn.GroupNorm(2, 8),
    nn.Hardswish(),
    nn.ConvTranspose2d(8, 4, 2, stride=2),
    nn.PReLU(4),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(16, 2),
).to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    x = torch.randn(4, 3, 8, 8).to(memory_format=torch.channels_last)
    inner = model[:6](x)
    loss = model[6:](inner).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), inner.stride(), inner.is_contiguous(memory_format=torch.channels_last))
tell(model, optimizer)

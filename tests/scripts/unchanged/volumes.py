"""Convolutions in one and three dimensions, as views of strided and expanded inputs."""

import torch
from state import seed, tell
from torch import nn

seed()
line = nn.Sequential(nn.Conv1d(2, 4, 3), nn.Mish(), nn.InstanceNorm1d(4, affine=True), nn.Flatten())
volume = nn.Sequential(
    nn.Conv3d(1, 2, 3), nn.CELU(), nn.MaxPool3d(2), nn.Flatten(), nn.LazyLinear(24)
)
volume(torch.randn(1, 1, 6, 6, 6))
optimizer = torch.optim.SGD([*line.parameters(), *volume.parameters()], lr=0.05)
for _ in range(5):
    x = torch.randn(8, 16, 4).transpose(1, 2)[:, ::2, ::2]
    y = torch.randn(1, 6, 6, 6).expand(4, 1, 6, 6, 6)
    z = torch.as_strided(torch.randn(40), (4, 2, 8), (8, 4, 1))
    loss = (line(x).mean() - volume(y).mean()).square() + torch.relu(line(z)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), x.stride())
tell(line, volume, optimizer)

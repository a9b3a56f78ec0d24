"""A critic with a gradient penalty: autograd.grad with create_graph, then backward through it."""

import torch
from state import seed, tell
from torch import nn

seed()
critic = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 16), nn.Tanh())
critic.append(nn.Linear(16, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=0.01, betas=(0.5, 0.9))
for _ in range(8):
    x = torch.randn(16, 4, requires_grad=True)
    score = critic(x)
    (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
    loss = score.mean() + 10 * (slope.norm(dim=1) - 1).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(critic, optimizer)

"""A generator and a discriminator with an optimizer each, in turns, sharing a graph."""

import torch
from state import seed, tell
from torch import nn

seed()
maker = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
judge = nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid())
of_maker = torch.optim.Adam(maker.parameters(), lr=0.01)
of_judge = torch.optim.Adam(judge.parameters(), lr=0.01)
one, zero = torch.ones(16, 1), torch.zeros(16, 1)
measure = nn.BCELoss()
for _ in range(6):
    fake = maker(torch.randn(16, 2))
    loss = measure(judge(torch.randn(16, 3)), one) + measure(judge(fake.detach()), zero)
    of_judge.zero_grad()
    loss.backward()
    of_judge.step()
    judge.requires_grad_(False)
    cheat = measure(judge(fake), one)
    of_maker.zero_grad()
    cheat.backward()
    of_maker.step()
    judge.requires_grad_(True)
    print(loss.item(), cheat.item())
tell(maker, judge, of_maker, of_judge)

"""A model that others keep alive in this process is none of a trial's."""

from __future__ import annotations

import torch
from torch import nn

from stetho import choose


def train() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.Sigmoid(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.randn(64, 8)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), (x.sum(1) > 0).long()).backward()
        optimizer.step()


def test_it_is_left_alone() -> None:
    other = nn.Sequential(nn.ReLU(), nn.Sigmoid(), nn.ReLU())
    choice = choose(train, ["sigmoid+batchnorm", "relu"], steps=20, budget=60).choice
    assert {row.status for row in choice.candidates} <= {"done", "eliminated"}, choice.candidates
    assert [type(part) for part in other] == [nn.ReLU, nn.Sigmoid, nn.ReLU]

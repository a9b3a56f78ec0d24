"""A function that the script's author wrote, and no catalogue knows, can be raced as any other."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from stetho import choose
from stetho.errors import UsageError


class Bent(nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.where(z > 0, z, 0.9 * z)


def train_with(function: nn.Module, width: int = 16) -> None:
    model = nn.Sequential(nn.Linear(8, 16), function, nn.Linear(width, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.randn(64, 8)
    y = (x.sum(1) > 0).long()
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def test_it_is_replaced_and_compared() -> None:
    choice = choose(lambda: train_with(Bent()), ["relu"], steps=20, budget=60).choice
    assert choice.incumbent == "Bent"
    rows = {row.name: row for row in choice.candidates}
    assert rows["Bent"].pairs >= 3
    assert rows["relu"].status in ("done", "eliminated")
    assert rows["relu"].score != rows["Bent"].score, "another function was in its place"
    assert "Bent was replaced at 1 site" in choice.notes


def test_a_gate_is_refused() -> None:
    with pytest.raises(UsageError, match="halves its input"):
        choose(lambda: train_with(nn.GLU(), 8), ["relu"], steps=20, budget=60)

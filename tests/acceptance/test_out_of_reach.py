"""Targets that the output function cannot reach, measured on the targets themselves."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.record import Severity


def misfit(end, targets, steps=150):
    """The finding of the rule for a regression on `targets`, 0 … 1 on average."""
    torch.manual_seed(0)
    x = torch.randn(512, 6)
    y = targets(x[:, :1] + 0.5 * x[:, 1:2].square())
    model = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
    with stetho.watch(model) as watched:
        made = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(steps):
            made.zero_grad()
            F.mse_loss(end(model(x)), y).backward()
            made.step()
    found = [one for one in watched.result.diagnosis.findings if one.rule == "misfit-loss"]
    return found[0] if found else None, y


def scaled(y):
    return (y - y.mean()) / y.std()


@pytest.mark.parametrize(
    ("end", "low", "high"),
    [(torch.relu, 0.0, 1e9), (torch.sigmoid, 0.0, 1.0), (torch.tanh, -1.0, 1.0)],
    ids=["relu", "sigmoid", "tanh"],
)
def test_what_is_out_of_reach_is_measured(end, low, high):
    found, y = misfit(end, lambda y: 2 * scaled(y))
    missed = ((y - y.clamp(low, high)).square().mean() / y.var(unbiased=False)).item()
    outside = ((y < low) | (y > high)).float().mean().item()
    value = found.evidence["lowest loss / constant answer's"].value
    assert value == pytest.approx(missed, rel=1e-3)
    assert f"{100 * outside:.0f} % of the targets lie outside" in found.message
    if missed > 0.3:
        assert found.severity >= Severity.WARNING


@pytest.mark.parametrize("end", [torch.sigmoid, torch.relu, lambda z: z], ids=["σ", "relu", "none"])
def test_targets_within_reach_are_quiet(end):
    assert misfit(end, lambda y: torch.sigmoid(scaled(y)))[0] is None

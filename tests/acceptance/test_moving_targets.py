"""Targets made of the network's own predictions: running away, settling, and fixed ones."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.record import Severity


def values(discount, steps=800):
    """Learn the value of walking round a ring of ten places, with a reward of 1 a step."""
    torch.manual_seed(0)
    places = torch.eye(10)
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    with stetho.watch(model) as watched:
        made = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(steps):
            with torch.no_grad():
                reward = torch.rand(10, 1) + torch.arange(10)[:, None] / 10
                target = reward + discount * model(places.roll(1, 0))
            made.zero_grad()
            F.mse_loss(model(places), target).backward()
            made.step()
    return watched.result.diagnosis


def test_targets_that_run_away_with_the_predictions_are_told():
    diagnosis = values(discount=1.3)
    found = diagnosis.findings[0]
    assert (found.rule, found.severity) == ("runaway-targets", Severity.FAULT)
    assert diagnosis.verdict.startswith("Diverged")


def test_targets_that_settle_are_quiet_and_no_learning_is_claimed():
    diagnosis = values(discount=0.9)
    assert diagnosis.worst in (None, Severity.NOTE)
    assert "No fault was found" not in diagnosis.verdict or diagnosis.learning == "learns"

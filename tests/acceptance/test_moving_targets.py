"""Targets made of the network's own predictions: running away, settling, and fixed ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.record import Severity


def values(discount, steps=800, loss=F.mse_loss):
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
            loss(model(places), target).backward()
            made.step()
    return watched.result.diagnosis


@pytest.mark.parametrize(("turn", "known"), [({}, True), ({"beta": 0.1}, False)])
def test_a_huber_loss_has_a_known_constant_where_it_turns_at_1(turn, known):
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    made = torch.optim.SGD(model.parameters(), lr=0.1)
    with stetho.watch(model) as watched:
        for _ in range(12):
            x = torch.randn(64, 4)
            made.zero_grad()
            F.smooth_l1_loss(model(x), 0.3 * x[:, :1], **turn).backward()
            made.step()
    assert (watched.result.run.probes[-1].baseline > 0) is known


def test_targets_that_run_away_with_the_predictions_are_told():
    diagnosis = values(discount=1.3)
    found = diagnosis.findings[0]
    assert (found.rule, found.severity) == ("runaway-targets", Severity.FAULT)
    assert diagnosis.verdict.startswith("Diverged")


@pytest.mark.parametrize("loss", [F.mse_loss, F.smooth_l1_loss, F.huber_loss])
def test_targets_that_settle_are_quiet_and_no_learning_is_claimed(loss):
    diagnosis = values(discount=0.9, loss=loss)
    assert diagnosis.worst in (None, Severity.NOTE)
    assert "No fault was found" not in diagnosis.verdict or diagnosis.learning == "learns"

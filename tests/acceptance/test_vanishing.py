"""Must show 2 and 3: the article's chain rule on a real network, against a computation by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

import stetho
from oracles.chain_rule import chain_rule


class Custom(nn.Module):
    def forward(self, x):
        return 1 / (1 + torch.exp(-x))


SPELLINGS = {
    "nn.Sigmoid": nn.Sigmoid(),
    "torch.sigmoid": torch.sigmoid,
    "F.sigmoid": F.sigmoid,
    "x.sigmoid": lambda x: x.sigmoid(),
    "custom module": Custom(),
}


class Deep(nn.Module):
    """12 sigmoid layers of 64 units, with PyTorch's own initialisation."""

    def __init__(self, apply):
        super().__init__()
        torch.manual_seed(0)
        sizes = [64] * 13
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.head = nn.Linear(64, 10)
        self.apply_ = apply

    def forward(self, x):
        for layer in self.layers:
            x = self.apply_(layer(x))
        return self.head(x)


def digits():
    x, y = load_digits(return_X_y=True)
    return torch.tensor(x / 16, dtype=torch.float32)[:128], torch.tensor(y)[:128]


@dataclass
class Watched:
    run: stetho.Run
    diagnosis: stetho.Diagnosis
    state: dict


def watched(apply=torch.sigmoid, kind="SGD", steps=1):
    model = Deep(apply)
    x, y = digits()
    lr = {"SGD": 0.1, "Adam": 1e-3}[kind]
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=lr)
    with stetho.watch(model, optimizer, every=1) as seen:
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return Watched(seen.result.run, seen.result.diagnosis, model.state_dict())


def by_hand(state=None):
    model = Deep(torch.sigmoid)
    if state is not None:
        model.load_state_dict(state)
    x, y = digits()
    linear = [*model.layers, model.head]
    weights = [layer.weight.detach().double().numpy() for layer in linear]
    biases = [layer.bias.detach().double().numpy() for layer in linear]
    return chain_rule(weights, biases, x.double().numpy(), y.numpy())


def test_factors_multiply_to_the_gradient_and_match_the_hand_computation():
    run = watched().run
    stats = list(run.probes[0].sites.values())
    oracle = by_hand()
    assert [s.up_rms for s in stats] == pytest.approx(oracle.up, rel=1e-3, abs=0)
    assert [s.down_rms for s in stats] == pytest.approx(oracle.down, rel=1e-3, abs=0)
    slopes = [s.slope_factor for s in stats]
    weights = [a.up_rms / b.down_rms for a, b in zip(stats, stats[1:])]
    total = stats[0].down_rms / stats[-1].up_rms
    assert np.prod(slopes) * np.prod(weights) == pytest.approx(total, rel=1e-9, abs=0)


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_vanishing_gradient_is_found_and_its_blame_matches(kind):
    result = watched(kind=kind, steps=60)
    (finding,) = [f for f in result.diagnosis.findings if f.rule == "vanishing-gradient"]
    assert set(finding.cause) <= {"slope", "weights"}
    assert sum(finding.cause.values()) == pytest.approx(1, abs=1e-6)
    assert len(finding.sites) >= 2


def test_blame_at_the_first_step_matches_the_hand_computation_to_one_percent():
    result = watched(steps=1)
    oracle = by_hand()
    assert oracle.slope_share + oracle.weight_share == pytest.approx(1)
    (finding,) = [f for f in result.diagnosis.findings if f.rule == "vanishing-gradient"]
    assert finding.cause["slope"] == pytest.approx(oracle.slope_share, rel=0.01)
    assert finding.cause["weights"] == pytest.approx(oracle.weight_share, rel=0.01)


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_blame_after_training_matches_the_hand_computation_to_one_percent(kind):
    oracle = by_hand(watched(kind=kind, steps=40).state)
    probe = watched(kind=kind, steps=41).run.probes[-1]
    stats = list(probe.sites.values())
    slopes = [s.slope_factor for s in stats]
    weights = [a.up_rms / b.down_rms for a, b in zip(stats, stats[1:])]
    assert slopes == pytest.approx(oracle.slope_factors, rel=0.01)
    assert weights == pytest.approx(oracle.weight_factors, rel=0.01)
    total = np.log(slopes).sum() + np.log(weights).sum()
    assert np.log(slopes).sum() / total == pytest.approx(oracle.slope_share, rel=0.01)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_gives_the_same_numbers(spelling):
    sites = watched(SPELLINGS[spelling]).run.probes[0].sites.values()
    expected = watched().run.probes[0].sites.values()
    for mine, theirs in zip(sites, expected, strict=True):
        for name in ("z_mean", "z_std", "a_mean", "a_std", "up_rms", "down_rms", "saturated_low"):
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), rel=1e-4, abs=0), (
                name
            )

"""Do samples agree on a direction? Against the mean over all permutations, counted out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from stetho.summarise import agreement as module
from stetho.summarise.agreement import agreement, summarise_agreement


def agreed(*pairs):
    total = None
    for x, gradient in pairs:
        summary = summarise_agreement(x, gradient)
        total = summary if total is None else total + summary
    return agreement([float(value) for value in total.row()])["agreement"]


def counted(x, gradient):
    """The squared norm of the sum, over its mean when gradients are dealt out in every way."""
    x, gradient = x.double().numpy(), gradient.double().numpy()
    x, gradient = x - x.mean(0), gradient - gradient.mean(0)
    dealt = [
        np.square(gradient[list(order)].T @ x).sum()
        for order in itertools.permutations(range(len(x)))
    ]
    return np.square(gradient.T @ x).sum() / np.mean(dealt)


def test_the_mean_over_all_permutations():
    torch.manual_seed(0)
    x, gradient = torch.randn(6, 4) + 3, torch.randn(6, 3) - 1
    assert agreed((x, gradient)) == pytest.approx(counted(x, gradient), rel=1e-5)


def test_samples_that_all_agree():
    # One input, one output, g = x: (Σ x²)² against (Σ x²)² / (n - 1), so n - 1.
    x = torch.tensor([[1.0], [-1.0], [2.0], [-2.0]])
    assert agreed((x, x)) == pytest.approx(3)


def test_independent_samples_agree_as_by_chance():
    torch.manual_seed(0)
    values = [agreed((torch.randn(32, 16) + 2, torch.randn(32, 5) + 1)) for _ in range(200)]
    # The mean is 1 by algebra; 200 values with a deviation of about 0.2 leave 0.014 of doubt.
    assert np.mean(values) == pytest.approx(1, abs=0.05)


def test_padding_counts_for_nothing():
    torch.manual_seed(0)
    x, gradient = torch.randn(2, 5, 4), torch.randn(2, 5, 3)
    gradient[:, 3:] = 0
    kept = (x[:, :3].reshape(6, 4), gradient[:, :3].reshape(6, 3))
    assert agreed((x, gradient)) == pytest.approx(agreed(kept), rel=1e-5)


def test_two_calls_merge_to_the_call_with_both():
    torch.manual_seed(0)
    x, gradient = torch.randn(20, 4) + 1000, torch.randn(20, 3)
    x[8:] += 1  # the calls differ in their means
    gradient[8:] -= 2
    parts = [(x[:5], gradient[:5]), (x[5:8], gradient[5:8]), (x[8:], gradient[8:])]
    assert agreed(*parts) == pytest.approx(agreed((x, gradient)), rel=1e-3)
    nothing = (x[:4], torch.zeros(4, 3))
    assert agreed(nothing, *parts) == pytest.approx(agreed(*parts))


@pytest.mark.parametrize("x", [torch.ones(4, 3), torch.randn(1, 3)], ids=["constant", "one"])
def test_nothing_to_compare(x):
    assert math.isnan(agreed((x, torch.randn(len(x), 2))))


def test_large_layers_are_looked_at_in_part_or_not_at_all(monkeypatch):
    monkeypatch.setattr(module, "WORK", 4000.0)
    monkeypatch.setattr(module, "FEWEST", 10)
    x, gradient = torch.randn(100, 4), torch.randn(100, 20)
    # 100 samples × 80 pairs are 8,000 products: every second sample.
    assert agreed((x, gradient)) == agreed((x[::2], gradient[::2]))
    monkeypatch.setattr(module, "FEWEST", 60)
    assert summarise_agreement(x, gradient) is None
    monkeypatch.setattr(module, "WORK", 1e9)
    monkeypatch.setattr(module, "PAIRS", 79)
    assert summarise_agreement(x, gradient) is None

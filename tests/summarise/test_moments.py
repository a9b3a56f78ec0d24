"""Moments: against two passes in float64, merged in any order, where naive code breaks."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch

from stetho.summarise.moments import Moments, Spread
from summarise import oracle

NORMAL = np.random.default_rng(0).normal(size=4001)
# name → values, and why naive code breaks on them
HARD = {
    "normal": NORMAL,
    "far from zero": NORMAL + 1e6,  # E x² − (E x)² loses all digits in float32
    "very far from zero": 1e-3 * NORMAL + 1e4,
    "tiny": NORMAL * 1e-30,  # squares underflow in float32
    "huge": NORMAL * 1e30,  # squares overflow in float32
    "skewed": np.exp(NORMAL),
    "heavy-tailed": NORMAL**5,
    "constant": np.full(100, 3.7),  # variance is 0, skewness does not exist
    "one": np.array([2.5]),
    "two": np.array([-1.0, 4.0]),
    "with NaN and Inf": np.concatenate([NORMAL[:100], [np.nan, np.inf, -np.inf]]),
}
FIELDS = ("mean", "variance", "skewness", "kurtosis", "low", "high", "count", "nonfinite")


def check(got: Moments, values: np.ndarray, rel: float = 1e-9) -> None:
    expected = oracle.moments(values)
    size = max(abs(expected["low"]), abs(expected["high"]))
    for field in FIELDS:
        mine = float(getattr(got, field))
        if math.isnan(expected[field]):
            assert math.isnan(mine), field
        elif field == "variance":
            assert mine == pytest.approx(expected[field], rel=1e-7, abs=1e-28 * size**2), field
        else:
            assert mine == pytest.approx(expected[field], rel=rel, abs=1e-8), field


@pytest.mark.parametrize("name", HARD)
def test_moments_of_values_that_break_naive_code(name):
    values = HARD[name]
    check(Moments.of(torch.tensor(values)), values)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_low_precision_tensors_are_summed_in_float64(dtype, offset):
    x = torch.tensor(NORMAL + offset).to(dtype)
    check(Moments.of(x), x.double().numpy())


@pytest.mark.parametrize("name", ["normal", "far from zero", "skewed", "with NaN and Inf"])
def test_any_split_in_any_order_gives_the_same(name):
    values = HARD[name]
    parts = np.array_split(values, [1, 5, 90, 95])
    random.Random(0).shuffle(parts)
    total = Moments.of(torch.tensor(parts[0]))
    for part in parts[1:]:
        total = total + Moments.of(torch.tensor(part))
    check(total, values, rel=1e-7)


def test_merging_with_nothing_changes_nothing():
    full, empty = Moments.of(torch.tensor(NORMAL)), Moments.of(torch.empty(0))
    for merged in (full + empty, empty + full):
        check(merged, NORMAL)


def test_columns_together_are_the_whole():
    x = torch.tensor(NORMAL[:4000]).reshape(40, 100) * torch.linspace(0.1, 10, 100)
    columns = Moments.of_columns(x)
    assert columns.mean.shape == (100,)
    torch.testing.assert_close(columns.mean, x.mean(0))
    torch.testing.assert_close(columns.variance, x.var(0, unbiased=False))
    check(columns.together(), x.numpy())


@pytest.mark.parametrize("name", HARD)
def test_spread_is_mean_and_variance(name):
    values = HARD[name]
    half = len(values) // 2
    expected = oracle.moments(values)
    spread = Spread.of(torch.tensor(values))
    merged = Spread.of(torch.tensor(values[:half])) + Spread.of(torch.tensor(values[half:]))
    for got in (spread, merged):
        _, mean, m2, nonfinite, zeros = got.numbers.tolist()
        assert mean == pytest.approx(expected["mean"], rel=1e-9, abs=1e-9)
        variance = m2 / expected["count"]
        size = max(abs(expected["low"]), abs(expected["high"]))
        assert variance == pytest.approx(expected["variance"], rel=1e-7, abs=1e-28 * size**2)
        assert nonfinite == expected["nonfinite"]
        assert zeros == (values == 0).sum()

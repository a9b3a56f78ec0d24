"""Intervals, against SciPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from stetho.article.estimates import exact, geometric_mean, mean, median, share

VALUES = [1.2, 0.7, 2.5, 1.1, 0.9]


def test_mean() -> None:
    low, high = stats.t.interval(0.95, 4, np.mean(VALUES), stats.sem(VALUES))
    made = mean("m", VALUES, at_least=0.1)
    assert (made.low, made.high) == pytest.approx((low, high), rel=1e-6)
    assert made.value == pytest.approx(6.4 / 5)  # 1.2 + 0.7 + 2.5 + 1.1 + 0.9 = 6.4


def test_geometric_mean() -> None:
    logs = np.log(VALUES)
    low, high = np.exp(stats.t.interval(0.95, 4, logs.mean(), stats.sem(logs)))
    made = geometric_mean("m", VALUES)
    assert made.value == pytest.approx(stats.gmean(VALUES))
    assert (made.low, made.high) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_geometric_mean_of_what_has_none(bad: float) -> None:
    assert math.isnan(geometric_mean("m", [1.0, bad]).value)


@pytest.mark.parametrize(("hits", "of"), [(0, 20), (3, 20), (20, 20), (1, 3)])
def test_share(hits: int, of: int) -> None:
    known = stats.binomtest(hits, of).proportion_ci(0.95, "wilson")
    made = share("m", hits, of)
    assert (made.value, made.low, made.high) == pytest.approx((hits / of, *known), abs=1e-9)


def test_exact() -> None:
    made = exact("m", 0.25, at_most=0.3)
    assert made.low == made.high == made.value == 0.25


def test_the_interval_of_a_median() -> None:
    # n = 9: 2 P(B < 1) = 2/512 = 0.4 %, 2 P(B < 2) = 20/512 = 3.9 %, 2 P(B < 3) = 92/512 = 18 %:
    # the second from either end
    row = median("", [5, 1, 2, 9, 4, 3, 7, 8, 1000])
    assert (row.value, row.low, row.high) == (5, 2, 9)


def test_nothing_is_known_of_a_median_of_five() -> None:
    # 2 P(B < 1) = 2/32 = 6.3 %
    row = median("", [1, 2, 3, 4, 5])
    assert (row.value, row.low, row.high) == (3, -math.inf, math.inf)

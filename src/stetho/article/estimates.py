"""Values over seeds, or counts → measures with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean
from statistics import median as middle

from stetho.record import NAN, Measure
from stetho.trials.statistics import t_interval

LEVEL = 0.05


def exact(
    what: str,
    value: float,
    *,
    at_least: float = NAN,
    at_most: float = NAN,
    expected: float = NAN,
    unit: str = "",
) -> Measure:
    """What is computed, not sampled: no interval."""
    return Measure(
        what=what,
        value=value,
        low=value,
        high=value,
        at_least=at_least,
        at_most=at_most,
        expected=expected,
        unit=unit,
    )


def mean(
    what: str,
    values: Sequence[float],
    *,
    at_least: float = NAN,
    at_most: float = NAN,
    expected: float = NAN,
    unit: str = "",
) -> Measure:
    """Mean over seeds, with Student's interval; of a value that is not finite, nothing is known."""
    if not all(math.isfinite(value) for value in values):
        return exact(what, NAN, at_least=at_least, at_most=at_most, expected=expected, unit=unit)
    low, high = t_interval(values)
    return Measure(
        what=what,
        value=fmean(values),
        low=low,
        high=high,
        at_least=at_least,
        at_most=at_most,
        expected=expected,
        unit=unit,
    )


def geometric_mean(
    what: str,
    values: Sequence[float],
    *,
    at_least: float = NAN,
    at_most: float = NAN,
    expected: float = NAN,
    unit: str = "×",
) -> Measure:
    """Geometric mean over seeds of what is positive (ratios, times), with Student's interval of
    the logarithms; of a value that is 0 or not finite, nothing is known."""
    if any(not 0 < value < math.inf for value in values):
        return exact(what, NAN, at_least=at_least, at_most=at_most, expected=expected, unit=unit)
    logs = [math.log(value) for value in values]
    low, high = t_interval(logs)
    ends = (math.exp(fmean(logs)), _exp(low), _exp(high))
    return Measure(what, *ends, at_least=at_least, at_most=at_most, expected=expected, unit=unit)


def median(
    what: str,
    values: Sequence[float],
    *,
    at_least: float = NAN,
    at_most: float = NAN,
    expected: float = NAN,
    unit: str = "",
) -> Measure:
    """Median of what has outliers (times), with its interval by order statistics: of n values the
    k-th from either end, where 2 P(Binomial(n, 1/2) < k) is at most 5 %; of fewer than 6,
    everything."""
    ordered, n = sorted(values), len(values)
    low, high, tail = -math.inf, math.inf, 0.0
    for k in range(n // 2):
        tail += 2 * math.comb(n, k) / 2**n
        if tail > LEVEL:
            break
        low, high = ordered[k], ordered[n - 1 - k]
    return Measure(
        what=what,
        value=middle(ordered),
        low=low,
        high=high,
        at_least=at_least,
        at_most=at_most,
        expected=expected,
        unit=unit,
    )


def share(
    what: str,
    hits: int,
    of: int,
    *,
    at_least: float = NAN,
    at_most: float = NAN,
    expected: float = NAN,
) -> Measure:
    """A share of independent cases, with Wilson's interval (1927)."""
    z = NormalDist().inv_cdf(1 - LEVEL / 2)
    p, square = hits / of, z * z / of
    centre = (p + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(p * (1 - p) / of + square / (4 * of))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Measure(
        what=what,
        value=p,
        low=low,
        high=high,
        at_least=at_least,
        at_most=at_most,
        expected=expected,
        unit="%",
    )


def _exp(log: float) -> float:
    return math.exp(log) if log < 700 else math.inf

"""Paired differences → is one better, by how much, and how sure is that?"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist, fmean, stdev, variance

LEVEL = 0.05
EXACT = 16  # pairs up to which all sign flips are counted
DRAWS = 20_000  # flips that are drawn beyond that
RESAMPLES = 2_000


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p of the sign-flip test of a mean of 0.

    Under the null hypothesis a pair's difference is as likely as its negative (Fisher 1935). With
    n pairs the smallest p is 2 / 2ⁿ. All flips are counted up to 16 pairs, beyond that 20,000 are
    drawn, the same ones each time.
    """
    values = [value for value in differences if value != 0]
    if not values:
        return 1.0
    observed = abs(math.fsum(values)) * (1 - 1e-12)  # flips that are equal but for rounding count
    if len(values) <= EXACT:
        sums = [0.0]
        for value in values:
            sums = [total + sign * value for total in sums for sign in (1, -1)]
        return sum(abs(total) >= observed for total in sums) / len(sums)
    draw = random.Random(0)
    extreme = sum(
        abs(math.fsum(value if draw.random() < 0.5 else -value for value in values)) >= observed
        for _ in range(DRAWS)
    )
    return (extreme + 1) / (DRAWS + 1)


def holm(ps: Sequence[float]) -> list[float]:
    """p values corrected for their number, so that each may be held against 5 % (Holm 1979)."""
    corrected = [math.nan] * len(ps)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = highest
    return corrected


def pairs_needed(comparisons: int, least: int = 6) -> int:
    """Pairs from which a difference can pass the test, corrected for so many comparisons.

    The smallest p of n pairs is 2 / 2ⁿ, where all point one way. Twice that must do: a test that
    only unanimous pairs can pass misses differences of two deviations in half of all races.
    """
    pairs = least
    while 4 / 2**pairs > LEVEL / max(1, comparisons):
        pairs += 1
    return pairs


def bootstrap(differences: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Interval of the mean, by the expanded percentile bootstrap (Hesterberg 2015, §4.1.3).

    Percentiles are taken further out than usual, so that few pairs do not give too short an
    interval: at Φ(−t √(n/(n−1))) in place of α/2. Of one pair nothing is known.
    """
    n = len(differences)
    if n < 2:
        return -math.inf, math.inf
    if min(differences) == max(differences):
        return differences[0], differences[0]
    tail = NormalDist().cdf(-math.sqrt(n / (n - 1)) * t_quantile(n - 1, 1 - level / 2))
    draw = random.Random(0)
    means = sorted(fmean(draw.choices(differences, k=n)) for _ in range(RESAMPLES))
    low = min(RESAMPLES - 1, max(0, math.floor(tail * RESAMPLES)))
    return means[low], means[RESAMPLES - 1 - low]


def t_interval(differences: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Student's interval of the mean; of one pair everything."""
    n = len(differences)
    if n < 2:
        return -math.inf, math.inf
    mean = fmean(differences)
    half = t_quantile(n - 1, 1 - level / 2) * stdev(differences) / math.sqrt(n)
    return mean - half, mean + half


@cache
def t_quantile(freedom: int, share: float) -> float:
    """Quantile of Student's distribution above its middle, by bisection of its integral."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    scale /= math.sqrt(freedom * math.pi)

    def density(t: float) -> float:
        return scale * float((1 + t * t / freedom) ** (-(freedom + 1) / 2))

    def integral(t: float, parts: int = 2_000) -> float:  # Simpson's rule
        h = t / parts
        inner = sum((4 if i % 2 else 2) * density(i * h) for i in range(1, parts))
        return h / 3 * (density(0) + inner + density(t))

    low, high = 0.0, 1.0
    while 0.5 + integral(high) < share:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 + integral(middle) < share else (low, middle)
    return (low + high) / 2


def paired_gain(a: Sequence[float], b: Sequence[float]) -> float:
    """Variance that differences would have without pairing, over the one that they have."""
    paired = variance([x - y for x, y in zip(a, b, strict=True)])
    return (variance(a) + variance(b)) / paired if paired > 0 else math.nan

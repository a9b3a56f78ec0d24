"""The median of what has outliers, and its interval by order statistics."""

from __future__ import annotations

import math

from stetho.article.estimates import median


def test_the_interval_of_a_median() -> None:
    # n = 9: 2 P(B < 1) = 2/512 = 0.4 %, 2 P(B < 2) = 20/512 = 3.9 %, 2 P(B < 3) = 92/512 = 18 %:
    # the second from either end
    row = median("", [5, 1, 2, 9, 4, 3, 7, 8, 1000])
    assert (row.value, row.low, row.high) == (5, 2, 9)


def test_nothing_is_known_of_a_median_of_five() -> None:
    # 2 P(B < 1) = 2/32 = 6.3 %
    row = median("", [1, 2, 3, 4, 5])
    assert (row.value, row.low, row.high) == (3, -math.inf, math.inf)

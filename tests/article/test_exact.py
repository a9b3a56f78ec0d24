"""What claims compute exactly, against arithmetic by hand."""

from __future__ import annotations

import math

import pytest

from stetho.article.claims.b3_fifty_numbers import above_exactly


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        # P(U > 1/4) = 3/4
        (1, 0.75),
        # ∫ P(U > t/u) du from t to 1 = 1 − t + t ln t, at t = 1/4
        (2, 0.75 + 0.25 * math.log(0.25)),
    ],
)
def test_tail_of_a_product_of_uniform_numbers(factors: int, expected: float) -> None:
    assert above_exactly(0.25, factors) == pytest.approx(expected, rel=1e-12)

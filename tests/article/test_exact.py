"""What claims compute exactly, against arithmetic by hand."""

from __future__ import annotations

import math

import pytest
import torch

from stetho.article.claims.b2_chain_rule import multiplied
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


def test_slopes_and_weights_multiplied() -> None:
    slopes, weight = torch.tensor([[1.0, 0.5]]), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    # 1 · (1, 2) + 0.5 · (3, 4) = (2.5, 4)
    assert multiplied([(slopes, weight)]).tolist() == [[2.5, 4.0]]
    # a single unit before the two, of slope 3 and weight 2, that feeds the first by 1, the second
    # by 2: (1 · 1 + 0.5 · 2) · 3 · 2 = 12
    before = (torch.tensor([[3.0]]), torch.tensor([[2.0]]))
    assert multiplied([before, (slopes, torch.tensor([[1.0], [2.0]]))]).tolist() == [[12.0]]

"""What of a layer's output is the class, and how alike units are: against arithmetic by hand."""

from __future__ import annotations

import math

import pytest
import torch

from stetho.article.passing import between_classes, by_noise, likeness, within_classes

# two classes, one unit: 0 and 2 of the first (mean 1), 5 and 5 of the second (mean 5)
A = torch.tensor([[0.0], [2.0], [5.0], [5.0]])
Y = torch.tensor([0, 0, 1, 1])


def test_variance_between_classes() -> None:
    # means 1, 1, 5, 5 about 3: (4 + 4 + 4 + 4) / 4 = 4
    assert between_classes(A, Y) == pytest.approx(4.0)


def test_variance_within_classes() -> None:
    # (1 + 1 + 0 + 0) / 4 = 0.5; together they are the whole variance
    assert within_classes(A, Y) == pytest.approx(0.5)
    assert between_classes(A, Y) + within_classes(A, Y) == pytest.approx(
        float(A.var(0, correction=0))
    )


def test_noise_adds_up_over_units() -> None:
    clean, noisy = torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    # (1 + 1) / 2 + (0 + 4) / 2 = 3
    assert by_noise(clean, noisy) == pytest.approx(3.0)


def test_likeness_of_units() -> None:
    x = torch.tensor([1.0, 0.0, -1.0])
    y = torch.tensor([1.0, -2.0, 1.0])
    constant = torch.full((3,), 7.0)
    assert likeness(torch.stack([x, -3 * x, constant], 1)) == pytest.approx(1.0)
    assert likeness(torch.stack([x, y], 1)) == pytest.approx(0.0, abs=1e-6)
    # x with itself and x + y: 1, twice |x·(x + y)| / (|x| |x + y|) = 2 / √(2 · 8) = 1/2; the
    # mean of (x, x), (x, x + y), (x, x + y) is (1 + 1/2 + 1/2) / 3
    assert likeness(torch.stack([x, x, x + y], 1)) == pytest.approx(2 / 3)
    assert math.isfinite(likeness(torch.stack([x, y, constant], 1)))

"""A name → real data that ships inside scikit-learn, standardised and split."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

TESTED = 0.25  # share of the samples that is kept for the test


@dataclass(frozen=True, slots=True)
class Split:
    """Inputs (samples, features) of mean 0 and deviation 1, and class numbers."""

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor

    @property
    def features(self) -> int:
        return self.x.shape[1]

    @property
    def classes(self) -> int:
        return int(self.y.max()) + 1


def load(
    name: str = "digits", seed: int = 0, samples: int | None = None, reach: float = math.inf
) -> Split:
    """`name`: "digits", "breast_cancer", "wine" or "iris"; `samples`: of the training part, fewer
    than there are; `reach`: deviations beyond which inputs are cut off.
    """
    x, y = _bundle(name)
    train, test = _parted(len(x), seed)
    train = train[:samples]
    mean, spread = x[train].mean(0), x[train].std(0)
    scaled = (x - mean) / torch.where(spread > 0, spread, torch.ones_like(spread))
    scaled = scaled.clamp(-reach, reach)
    return Split(scaled[train], y[train], scaled[test], y[test])


def pixels(seed: int = 0) -> Split:
    """The digits as they are: 8 by 8 pixels in a row, from 0 to 1; split as `load` does."""
    x, y = _bundle("digits")
    train, test = _parted(len(x), seed)
    return Split(x[train] / 16, y[train], x[test] / 16, y[test])


def _parted(samples: int, seed: int) -> tuple[Tensor, Tensor]:
    """Rows for the training and for the test."""
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(seed))
    cut = round(TESTED * samples)
    return order[cut:], order[:cut]


@cache
def _bundle(name: str) -> tuple[Tensor, Tensor]:
    from sklearn import datasets

    bundle = getattr(datasets, f"load_{name}")()
    return torch.tensor(bundle.data, dtype=torch.float32), torch.tensor(bundle.target)

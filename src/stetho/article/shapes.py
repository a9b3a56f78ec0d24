"""Data → the same samples in the same order along each feature, spread by another distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from stetho.article.data import Split

SHAPES: dict[str, Callable[[Tensor], Tensor]] = {  # of a standard normal variable
    "normal": lambda g: g,
    "skewed": torch.exp,  # lognormal: skewness 6
    "heavy-tailed": lambda g: torch.sinh(1.5 * g),
}


def exchanged(split: Split) -> Split:
    """Trained on the smaller part and tested on the larger, so that errors are many."""
    return Split(split.x_test, split.y_test, split.x, split.y)


def principal(split: Split, components: int) -> Split:
    """Coordinates along the first principal axes of the training part, which are continuous."""
    _, _, axes = torch.linalg.svd(split.x, full_matrices=False)
    along = axes[:components].T
    return replace(split, x=split.x @ along, x_test=split.x_test @ along)


def shaped(split: Split, shape: str) -> Split:
    """Each feature's ranks in the training part are kept, its mean and deviation made 0 and 1."""
    scores = replace(split, x=_scores(split.x, split.x), x_test=_scores(split.x, split.x_test))
    x, x_test = SHAPES[shape](scores.x), SHAPES[shape](scores.x_test)
    mean, spread = x.mean(0), x.std(0)
    return replace(split, x=(x - mean) / spread, x_test=(x_test - mean) / spread)


def _scores(reference: Tensor, x: Tensor) -> Tensor:
    """Normal scores: the quantile of a normal distribution that belongs to a value's rank."""
    ordered = reference.T.contiguous().sort(1).values
    below = torch.searchsorted(ordered, x.T.contiguous()).T
    share = (below.clamp(max=len(reference) - 1) + 0.5) / len(reference)
    return math.sqrt(2) * torch.erfinv(2 * share - 1)

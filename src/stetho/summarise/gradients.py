"""A gradient → its size, extremes and zeros, that merge with `+`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from stetho.summarise import native
from stetho.summarise.layout import (
    LIMIT,
    PLANS,
    as_rows,
    stride_of_rows,
    surely_finite,
    thinned,
    thinning,
)
from stetho.summarise.native.views import view

FIELDS = 5
FEWEST_ROWS = 16  # that stand for a large gradient


@dataclass(frozen=True, slots=True)
class GradientSummary:
    """Squares are taken in float64: gradients of 1e-30 matter."""

    numbers: Tensor  # (FIELDS,) float64: finite elements, Σ g², max |g|, zeros, non-finite

    def __add__(self, other: GradientSummary) -> GradientSummary:
        added = self.numbers + other.numbers
        added[2] = torch.maximum(self.numbers[2], other.numbers[2])
        return GradientSummary(added)

    def divided(self, by: float) -> GradientSummary:
        """As if the gradient had been divided by a number."""
        factors = self.numbers.new_tensor([1.0, 1 / by**2, 1 / by, 1.0, 1.0])
        return GradientSummary(self.numbers * factors)


def gradient_stats(row: list[float]) -> tuple[float, float]:
    """rms, share of non-finite elements."""
    count, squares, _, _, nonfinite = row
    if not count:
        return math.nan, nonfinite / max(nonfinite, 1)
    return math.sqrt(squares / count), nonfinite / (count + nonfinite)


def summarise_gradient(gradient: Tensor, scale: Tensor | None = None) -> GradientSummary:
    """Look at a gradient, a large one at a fixed stride.

    `scale`: what the loss was multiplied with (mixed precision); divided out.
    """
    seen = view(gradient)
    if seen is None:
        return _by_torch(gradient, scale)
    unit, stride = _plan(gradient.shape)
    out = torch.empty(FIELDS, dtype=torch.float64)
    factor = 1.0 if scale is None else float(scale)
    native.core.gradient(seen, unit, stride, factor, out.data_ptr(), FIELDS)
    return GradientSummary(out)


@lru_cache(PLANS)
def _plan(shape: tuple[int, ...]) -> tuple[int, int]:
    """Along which axis rows lie, and every how many of them one is taken.

    Rows lie together in memory; where they are long (axis -1), single elements are taken.
    """
    if len(shape) > 1 and shape[-1] <= LIMIT // FEWEST_ROWS:
        return len(shape) - 1, stride_of_rows(shape, len(shape) - 1)
    return -1, thinning(math.prod(shape), shape[-1] if shape else 1)


def sampled_sum(parts: Sequence[Tensor]) -> Tensor:
    """What is looked at of a sum of gradients; of several, the rest is not added up."""
    if len(parts) == 1:
        return parts[0]
    first, *others = (sampled(part.detach()) for part in parts)
    for other in others:
        first = first + other
    return first


def norm(gradients: Sequence[Tensor]) -> float:
    """The Euclidean norm of some tensors on the CPU, taken as one; 0: there are none."""
    seen = [view(gradient) for gradient in gradients]
    if native.core is not None and None not in seen:
        return float(native.core.norm(seen))
    if not gradients:
        return 0.0
    norms = torch._foreach_norm([gradient.detach() for gradient in gradients])
    return float(torch.stack([one.double() for one in norms]).norm().item())


def sampled(gradient: Tensor) -> Tensor:
    """What is looked at of it: (rows, length) or (elements,)."""
    unit, _ = _plan(gradient.shape)
    return thinned(gradient) if unit < 0 else as_rows(gradient, unit)


def _by_torch(gradient: Tensor, scale: Tensor | None) -> GradientSummary:
    g = sampled(gradient).reshape(-1).double()
    if scale is not None:
        g = g / scale.double()
    norm = torch.linalg.vector_norm(g)
    zeros = g.numel() - torch.count_nonzero(g).double()
    if g.numel() and surely_finite(norm):
        count = torch.full_like(norm, g.numel())
        high = torch.linalg.vector_norm(g, torch.inf)
        none = torch.zeros_like(norm)
        return GradientSummary(torch.stack([count, norm * norm, high, zeros, none]))
    finite = torch.isfinite(g)
    clean = torch.where(finite, g.abs(), 0.0)
    count = finite.sum(dtype=torch.float64)
    high = clean.amax() if g.numel() else g.new_zeros(())
    squares = torch.dot(clean, clean)
    return GradientSummary(torch.stack([count, squares, high, zeros, g.numel() - count]))

"""A gradient → its size, extremes and zeros, that merge with `+`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.summarise.finite import surely_finite
from stetho.summarise.layout import thinned


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientSummary:
    """Each field is a float64 scalar. Squares are taken in float64: gradients of 1e-30 matter."""

    count: Tensor  # finite elements
    squares: Tensor  # Σ g²
    high: Tensor  # max |g|
    zeros: Tensor
    nonfinite: Tensor

    def __add__(self, other: GradientSummary) -> GradientSummary:
        return GradientSummary(
            count=self.count + other.count,
            squares=self.squares + other.squares,
            high=torch.maximum(self.high, other.high),
            zeros=self.zeros + other.zeros,
            nonfinite=self.nonfinite + other.nonfinite,
        )

    def row(self) -> list[Tensor]:
        """What `gradient_stats` takes."""
        return [self.count, self.squares, self.high, self.zeros, self.nonfinite]


def gradient_stats(row: list[float]) -> tuple[float, float, float, float]:
    """rms, max |g|, share of zeros, share of non-finite elements."""
    count, squares, high, zeros, nonfinite = row
    if not count:
        return math.nan, math.nan, math.nan, nonfinite / max(nonfinite, 1)
    return math.sqrt(squares / count), high, zeros / count, nonfinite / (count + nonfinite)


def summarise_gradient(gradient: Tensor, scale: Tensor | None = None) -> GradientSummary:
    """Look at a gradient, a large one at a fixed stride.

    `scale`: what the loss was multiplied with (mixed precision); divided out.
    """
    g = thinned(gradient).double()
    if scale is not None:
        g = g / scale.double().to(g.device)
    norm = torch.linalg.vector_norm(g)
    zeros = g.numel() - torch.count_nonzero(g).double()
    if g.numel() and surely_finite(norm):
        count = torch.full_like(norm, g.numel())
        high = torch.linalg.vector_norm(g, torch.inf)
        return GradientSummary(
            count=count,
            squares=norm * norm,
            high=high,
            zeros=zeros,
            nonfinite=torch.zeros_like(norm),
        )
    finite = torch.isfinite(g)
    clean = torch.where(finite, g.abs(), 0.0)
    count = finite.sum(dtype=torch.float64)
    high = clean.amax() if g.numel() else g.new_zeros(())
    return GradientSummary(
        count=count,
        squares=torch.dot(clean, clean),
        high=high,
        zeros=zeros,
        nonfinite=g.numel() - count,
    )

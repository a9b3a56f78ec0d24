"""A gradient → its size, extremes and zeros, that merge with `+`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class GradientSummary:
    """Each field is a float64 scalar. Squares are taken in float64: gradients of 1e-30 matter."""

    count: Tensor  # finite elements
    squares: Tensor  # Σ g²
    high: Tensor  # max |g|
    zeros: Tensor
    nonfinite: Tensor

    def __add__(self, other: GradientSummary) -> GradientSummary:
        return GradientSummary(
            self.count + other.count,
            self.squares + other.squares,
            torch.maximum(self.high, other.high),
            self.zeros + other.zeros,
            self.nonfinite + other.nonfinite,
        )

    def row(self) -> list[Tensor]:
        """rms, max, share of zeros, share of non-finite elements."""
        every = self.count + self.nonfinite
        finite = torch.where(self.count > 0, self.count, torch.nan)
        return [
            (self.squares / finite).sqrt(),
            torch.where(self.count > 0, self.high, torch.nan),
            self.zeros / finite,
            self.nonfinite / every.clamp(min=1),
        ]


def summarise_gradient(gradient: Tensor, scale: Tensor | None = None) -> GradientSummary:
    """`scale`: what the loss was multiplied with (mixed precision); divided out."""
    g = gradient.detach().reshape(-1).double()
    if scale is not None:
        g = g / scale.double().to(g.device)
    size = g.abs()
    finite = torch.isfinite(g)
    clean = torch.where(finite, size, 0.0)
    count = finite.sum(dtype=torch.float64)
    high = clean.amax() if g.numel() else g.new_zeros(())
    return GradientSummary(
        count,
        torch.dot(clean, clean),
        high,
        (g == 0).sum(dtype=torch.float64),
        g.numel() - count,
    )

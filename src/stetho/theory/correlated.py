"""A function and the correlation of two normal inputs → the mean of the product of its values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stetho.theory.gaussian import NEAR, REACH, Elementwise, legendre, rule

if TYPE_CHECKING:
    from torch import Tensor

POINTS = 12  # of Gauss-Legendre in each inner piece; the outer ones have half of their usual


def product_mean(function: Elementwise, q: float, c: float, kinks: Sequence[float] = ()) -> float:
    """E f(u₁) f(u₂) for u₁, u₂ ~ N(0, q) with correlation c.

    Given u₁, u₂ is normal with mean c u₁ and variance q (1 − c²). The inner integral is cut at the
    kinks, at whole deviations, and at powers of two about 0 and the kinks, as the outer one is.
    """
    if c >= 1:
        outer = rule(q, kinks)
        return float(outer.mean(function(outer.z) ** 2))
    outer = rule(q, kinks, POINTS)
    inner = _conditional(function, c * outer.z, math.sqrt(q * (1 - c * c)), kinks)
    return float(outer.mean(function(outer.z) * inner))


def _conditional(
    function: Elementwise, centre: Tensor, deviation: float, kinks: Sequence[float]
) -> Tensor:
    """E f(U) for U ~ N(centre, deviation²), for many centres at once."""
    import torch

    reach = REACH * deviation
    ends = torch.linspace(-reach, reach, 2 * int(REACH) + 1, dtype=torch.float64)
    fixed = torch.tensor(_fixed(deviation, kinks), dtype=torch.float64)
    cuts = torch.cat(
        [
            centre[:, None] + ends,
            fixed.expand(len(centre), -1).clamp(centre[:, None] - reach, centre[:, None] + reach),
        ],
        dim=1,
    ).sort(dim=1)[0]
    nodes, weights = legendre(POINTS)
    half = cuts.diff(dim=1)[:, :, None] / 2
    u = cuts[:, :-1, None] + half + half * nodes
    density = torch.exp(-0.5 * ((u - centre[:, None, None]) / deviation) ** 2)
    density /= deviation * math.sqrt(2 * math.pi)
    return (function(u) * density * half * weights).sum((1, 2))


def _fixed(deviation: float, kinks: Sequence[float]) -> list[float]:
    """Cuts that do not move with the centre; powers of two only where they are finer than it."""
    most = math.floor(math.log2(REACH * deviation)) if deviation > 0 else NEAR
    steps = [2.0**k for k in range(max(NEAR, most - 12), most + 1)] if deviation > 1 else []
    centres = {0.0, *kinks}
    about = {centre + sign * step for centre in centres for step in steps for sign in (-1, 1)}
    return sorted(centres | about)

"""A function of a real number, and where it has kinks → its mean over a normal distribution.

E f(Z) for Z ~ N(0, q) is an integral of f times the normal density over ±12 deviations; what lies
beyond holds less than 4e-33 of the mass. The range is cut at every kink, at whole deviations, and
at powers of two of z on either side of 0 and of each kink, because a function such as sigmoid bends
on the scale of z ≈ 1 however large q is. Each piece is taken by Gauss-Legendre of 24 points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Elementwise = Callable[["Tensor"], "Tensor"]

REACH = 12.0  # deviations on either side
POINTS = 24  # of Gauss-Legendre in each piece
NEAR, FAR = -8, 14  # powers of two at which z is cut about 0 and about each kink


@dataclass(frozen=True, slots=True)
class Rule:
    """Nodes and weights of E f(Z) ≈ Σ weight · f(z), for one variance."""

    z: Tensor  # (nodes,), float64
    weight: Tensor  # (nodes,), normal density included; sums to 1

    def mean(self, values: Tensor) -> Tensor:
        """E of values at the nodes, along the last axis."""
        return values @ self.weight


@cache
def legendre(points: int) -> tuple[Tensor, Tensor]:
    """Nodes in −1 … 1 and weights of Gauss-Legendre (Golub and Welsch 1969)."""
    import torch

    i = torch.arange(1, points, dtype=torch.float64)
    off = i / (4 * i * i - 1).sqrt()
    nodes, vectors = torch.linalg.eigh(torch.diag(off, 1) + torch.diag(off, -1))
    return nodes, 2 * vectors[0] ** 2


def rule(q: float, kinks: Sequence[float] = (), points: int = POINTS) -> Rule:
    """The nodes for Z ~ N(0, q) and a function with kinks at the places given.

    Raises:
        ValueError: q is no positive finite number.
    """
    if not 0 < q < math.inf:
        raise ValueError(f"expected a variance above 0, got {q!r}; a constant needs no quadrature")
    return _rule(float(q), tuple(kinks), points)


@lru_cache(maxsize=512)
def _rule(q: float, kinks: tuple[float, ...], points: int) -> Rule:
    import torch

    deviation = math.sqrt(q)
    nodes, weights = legendre(points)
    cuts = torch.tensor(_cuts(deviation, kinks), dtype=torch.float64)
    half = cuts.diff() / 2
    z = ((cuts[:-1] + half)[:, None] + half[:, None] * nodes).reshape(-1)
    weight = (half[:, None] * weights).reshape(-1)
    density = torch.exp(-0.5 * (z / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    return Rule(z, weight * density)


def _cuts(deviation: float, kinks: tuple[float, ...]) -> list[float]:
    limit = REACH * deviation
    steps = [sign * 2.0**k for k in range(NEAR, FAR) for sign in (-1, 1)]
    about = {centre + step for centre in {0.0, *kinks} for step in (0.0, *steps)}
    whole = {k * deviation for k in range(-int(REACH), int(REACH) + 1)}
    inside = sorted(cut for cut in about | whole if -limit < cut < limit)
    least = 1e-9 * deviation  # pieces that are narrower hold nothing
    cuts = [-limit]
    for cut in [*inside, limit]:
        if cut - cuts[-1] > least or cut in kinks:
            cuts.append(cut)
    return cuts


def mean(function: Elementwise, q: float = 1.0, kinks: Sequence[float] = ()) -> tuple[float, float]:
    """E f(Z) for Z ~ N(0, q), and a bound on its error.

    The bound is twice the difference to the same pieces with half of the points, and what rounding
    may do to a sum of that size.
    """
    fine, coarse = rule(q, kinks), rule(q, kinks, POINTS // 2)
    values = function(fine.z)
    value = float(fine.mean(values))
    other = float(coarse.mean(function(coarse.z)))
    rounding = 64 * 2.0**-52 * float(fine.mean(values.abs()))
    return value, 2 * abs(value - other) + rounding

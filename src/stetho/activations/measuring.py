"""φ and φ' of an unknown function → its facts, measured in float64.

Limits: φ at ±1e2, ±1e3 and ±1e4, carried on to infinity (Aitken) where they close in on a value
as a power law does; a growth of such steps is no limit. Thresholds: a scan, then halving to
1e-12. Centred: trapezoid rule against the normal density, step 1e-3 over ±12.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stetho.activations.spelling import Elementwise
from stetho.activations.thresholds import SATURATED, border

if TYPE_CHECKING:
    from torch import Tensor

NEAR, FAR = 40, 1e4  # a fine grid up to NEAR, a coarse one from there to FAR
PARTS = 1000  # of 1 on the fine grid
JUMP = 0.01  # of the slope's supremum: a smaller jump of φ' counts as none
CENTRED = 1e-6  # |E φ(Z)| below which a function counts as centred
BORN = 1e-12  # of the supremum: the slope that a flat stretch really ends with; less is underflow
GROWING = 2.0  # times more, ten times farther out: no bound
CLOSING = 0.5  # a step smaller than this share of the step before closes in on a limit

Span = tuple["Tensor", "Tensor"]  # z ascending, and a value for each


def measure(phi: Elementwise, slope: Elementwise) -> dict[str, Any]:
    """Fields of `Function`, by name."""
    import torch

    z = _grid()
    with torch.no_grad():
        a = phi(z)
    d = slope(z).detach().abs()
    z, a, d = _finite(z, a, d)
    supremum = _supremum(slope, (z, d))
    at = _scalar(slope)
    limit = SATURATED * supremum if math.isfinite(supremum) else 0.0

    def saturated(x: float) -> bool:
        return abs(at(x)) < limit or at(x) == 0

    def flat(x: float) -> bool:
        return at(x) == 0

    silent = (d < limit) | (d == 0)
    low_limits, high_limits = _limits(phi, -1.0), _limits(phi, 1.0)
    return {
        "lower": min(float(a.min()), low_limits[0], high_limits[0]),
        "upper": max(float(a.max()), low_limits[1], high_limits[1]),
        "zero_centred": abs(_mean(phi)) < CENTRED,
        "saturates_below": _edge(z, silent, saturated),
        "saturates_above": _edge(z.flip(0), silent.flip(0), saturated),
        "flat_below": _born(_edge(z, d == 0, flat), at, 1e-3, supremum),
        "flat_above": _born(_edge(z.flip(0), (d == 0).flip(0), flat), at, -1e-3, supremum),
        "slope_supremum": supremum,
    }


def kinks_of(slope: Elementwise, supremum: float) -> tuple[float, ...]:
    """Where φ' jumps by more than 1 % of its supremum, within ±40."""
    import torch

    at = _scalar(slope)
    z = torch.arange(-NEAR * PARTS, NEAR * PARTS + 1, dtype=torch.float64) / PARTS
    d = slope(z).detach()
    least = JUMP * (supremum if math.isfinite(supremum) else 1.0)
    found: list[float] = []
    for place in (d.diff().abs() > least).nonzero().flatten().tolist()[:1000]:
        low, high = float(z[place]), float(z[place + 1])
        while high - low > 1e-10:
            middle = (low + high) / 2
            left, right = abs(at(middle) - at(low)), abs(at(high) - at(middle))
            low, high = (low, middle) if left > right else (middle, high)
        kink = round((low + high) / 2, 9) + 0.0
        if abs(at(high) - at(low)) > least and (not found or kink - found[-1] > 1e-8):
            found.append(kink)
    return tuple(found)


def _grid() -> Tensor:
    """Every 1e-3 up to ±40, and 4,000 places on either side from there to ±1e4."""
    import torch

    fine = torch.arange(-NEAR * PARTS, NEAR * PARTS + 1, dtype=torch.float64) / PARTS
    coarse = torch.logspace(math.log10(NEAR), math.log10(FAR), 4001, dtype=torch.float64)[1:]
    return torch.cat([-coarse.flip(0), fine, coarse])


def _finite(z: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
    """Only the places where all values are finite: exp overflows long before 1e4."""
    import torch

    good = torch.stack([torch.isfinite(value) for value in values]).all(dim=0)
    return (z[good], *(value[good] for value in values))


def _scalar(function: Elementwise) -> Callable[[float], float]:
    import torch

    return lambda x: float(function(torch.tensor([x], dtype=torch.float64)).detach())


def _limits(phi: Elementwise, side: float) -> tuple[float, float]:
    """(infimum, supremum) that the values on one side go to, seen from φ at 1e2, 1e3 and 1e4."""
    import torch

    with torch.no_grad():
        far = phi(side * torch.logspace(2, 4, 3, dtype=torch.float64))
        decades = phi(side * torch.logspace(2, 4, 2001, dtype=torch.float64))
    if not bool(torch.isfinite(far).all()):
        last = far[torch.isfinite(far).logical_not()][0].item()
        return (last, last) if not math.isnan(last) else (math.inf, -math.inf)
    inner, outer = decades[:1000].abs().max(), decades[1001:].abs().max()
    if float(outer) > GROWING * float(inner) and float(outer) > 1:
        outward = decades[1001:]
        return (
            -math.inf if float(outward.min()) < 0 else math.inf,
            math.inf if float(outward.max()) > 0 else -math.inf,
        )
    first, second = float(far[1] - far[0]), float(far[2] - far[1])
    if abs(second) < 1e-12 or first == 0 or second / first < 0:
        return float(decades.min()), float(decades.max())
    ratio = second / first
    if ratio >= CLOSING:  # as a logarithm: slow, but without end
        return (-math.inf, float(far[2])) if second < 0 else (float(far[2]), math.inf)
    limit = float(far[2]) + second * ratio / (1 - ratio)
    return limit, limit


def _supremum(slope: Elementwise, span: Span) -> float:
    """Largest |φ'|: on the grid, then on one a thousand times finer about the best place."""
    import torch

    z, d = span
    near = z.abs() <= NEAR
    within, beyond = float(d[near].max()), float(d[~near].max()) if bool((~near).any()) else 0.0
    if beyond > GROWING * within:
        return math.inf
    best = float(z[int(d.argmax())])
    fine = best + torch.linspace(-1, 1, 2001, dtype=torch.float64) / PARTS
    return float(slope(fine).detach().abs().nan_to_num(0.0).max().clamp(min=max(within, beyond)))


def _mean(phi: Elementwise) -> float:
    """E φ(Z) for Z ~ N(0, 1)."""
    import torch

    z = torch.arange(-12 * PARTS, 12 * PARTS + 1, dtype=torch.float64) / PARTS
    with torch.no_grad():
        a = phi(z)
    return float((a * torch.exp(-z * z / 2)).sum()) / (PARTS * math.sqrt(2 * math.pi))


def _edge(z: Tensor, seen: Tensor, holds: Callable[[float], bool]) -> float | None:
    """The last z of the unbroken stretch from the first place on in which `holds` is true."""
    if not bool(seen[0]):
        return None
    if bool(seen.all()):
        return math.inf if z[0] < z[-1] else -math.inf
    outside = int(seen.logical_not().int().argmax())
    return round(border(holds, float(z[outside - 1]), float(z[outside])), 10) + 0.0


def _born(
    edge: float | None, at: Callable[[float], float], step: float, supremum: float
) -> float | None:
    """A flat stretch, unless the slope only rounds to 0 there, as that of tanh does from 19 on."""
    if edge is None or math.isinf(edge) or abs(at(edge + step)) > BORN * min(supremum, 1.0):
        return edge
    return None

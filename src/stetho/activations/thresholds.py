"""A scalar slope and its supremum → where the function counts as saturated."""

from __future__ import annotations

from collections.abc import Callable

SATURATED = 0.05  # share of the slope's supremum below which a function is saturated
REACH = 60.0  # |z| beyond which every function of the catalogue has settled


def tail_below(slope: Callable[[float], float], supremum: float) -> float:
    """The largest z0 with |φ'(z)| < 5 % of its supremum for all z < z0, to 1e-9.

    Scans from the far left for the first z that is not saturated, then halves the interval.
    """
    return _edge(slope, supremum, direction=1.0)


def tail_above(slope: Callable[[float], float], supremum: float) -> float:
    """The smallest z0 with |φ'(z)| < 5 % of its supremum for all z > z0, to 1e-9."""
    return -_edge(lambda z: slope(-z), supremum, direction=1.0)


def _edge(slope: Callable[[float], float], supremum: float, direction: float) -> float:
    limit, step = SATURATED * supremum, 0.01 * direction
    inside = -REACH
    while abs(slope(inside + step)) < limit:
        inside += step
    outside = inside + step
    while outside - inside > 1e-9:
        middle = (inside + outside) / 2
        if abs(slope(middle)) < limit:
            inside = middle
        else:
            outside = middle
    return inside

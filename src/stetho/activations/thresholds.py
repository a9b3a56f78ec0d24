"""A scalar function, or a scalar slope and its supremum → where it turns, and where it saturates.

Pure Python, so that facts are known without torch; each solve takes some thousand calls at most
and is done once, when the record is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from stetho.errors import UsageError

Scalar = Callable[[float], float]

SATURATED = 0.05  # share of the slope's supremum below which a function is saturated
REACH = 60.0  # |z| beyond which every function of the catalogue has settled
STEP = 0.02  # of the scan: far finer than any lobe of a slope in the catalogue
PRECISE = 1e-12  # width of the interval at which halving stops


def require(name: str, holds: bool, expected: str, **got: float) -> None:
    """Refuse parameters that make no activation function.

    Raises:
        UsageError: `holds` is false.
    """
    if not holds:
        values = ", ".join(f"{key}={value!r}" for key, value in got.items())
        raise UsageError(
            f"expected {expected} for the activation function {name}, got {values}; "
            "give other values, or leave the parameters out for the defaults"
        )


def border(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """The last z on the way from `inside` to `outside` for which `holds` is true, by halving."""
    while abs(outside - inside) > PRECISE * max(1.0, abs(inside)):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside


def summit(function: Scalar, low: float, high: float) -> float:
    """Where a function with one maximum between `low` and `high` has it, by cutting off thirds.

    To about 1e-8, which puts the maximum itself right to rounding.
    """
    while high - low > 1e-9:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if function(left) < function(right) else (low, right)
    return (low + high) / 2


def tail_below(slope: Scalar, supremum: float) -> float:
    """The largest z₀ with |φ'(z)| < 5 % of its supremum for all z < z₀, to 1e-9.

    Scans from the far left for the first z that is not saturated, then halves the interval.
    """
    limit = SATURATED * supremum

    def holds(z: float) -> bool:
        return abs(slope(z)) < limit

    inside = -REACH
    while holds(inside + STEP):
        inside += STEP
    return border(holds, inside, inside + STEP)

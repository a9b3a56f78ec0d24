"""A network's correlation map → the slope below zero of a leaky ReLU made for its depth.

Tailored Activation Transformation (Zhang, Botev and Martens 2022, section 4.1): the slope at which
two inputs that have nothing in common (correlation 0) leave the network with correlation η. More
slope keeps inputs apart, less bends more; η = 0.9 serves plain networks, less those with shortcuts.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from stetho.errors import UsageError

Map = Callable[[float], float]


def leaky_correlation(c: float, slope: float) -> float:
    """The correlation map of a leaky ReLU, weights with its gain: Cho and Saul's arc-cosine kernel
    in the part that bends, (1 − α)² / (1 + α²), and the identity in the rest."""
    c = min(1.0, max(-1.0, c))
    bend = (1 - slope) ** 2 / (math.pi * (1 + slope**2))
    return c + bend * (math.sqrt(1 - c * c) - c * math.acos(c))


def plain(depth: int) -> Callable[[float, Map], float]:
    """A chain of that many layers."""

    def network(c: float, layer: Map) -> float:
        for _ in range(depth):
            c = layer(c)
        return c

    return network


def tailored_slope(
    network: int | Callable[[float, Map], float], target: float = 0.9
) -> tuple[float, float]:
    """Slope α of the leaky ReLU for a network, and the gain √(2 / (1 + α²)) that belongs to it.

    Args:
        network: the depth of a plain one; or a function of a correlation and of one layer's
            correlation map that gives the correlation at the network's output (a block with a
            shortcut of weight w mixes w² of the one with 1 − w² of the other).
        target: η, the correlation that 0 becomes; in (0, 1).

    Raises:
        UsageError: the target is outside of (0, 1), or out of this network's reach.
    """
    if not 0 < target < 1:
        raise UsageError(f"expected a correlation between 0 and 1 as the target, got {target}")
    through = plain(network) if isinstance(network, int) else network

    def reached(slope: float) -> float:
        return through(0.0, lambda c: leaky_correlation(c, slope))

    low, high = 0.0, 1.0  # ReLU brings inputs together fastest, the identity not at all
    if reached(low) < target:
        raise UsageError(
            f"expected a network in which even ReLU brings 0 to {target:g}, got one that brings it "
            f"to {reached(low):.3g}: it is too shallow to need a tailored slope"
        )
    while high - low > 1e-16 and (low + high) / 2 not in (low, high):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) > target else (low, middle)
    return low, math.sqrt(2 / (1 + low * low))

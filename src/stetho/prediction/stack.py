"""A depth and names of functions → what a plain stack of each does, by theory alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stetho import activations
from stetho.errors import UsageError
from stetho.theory import MeanField, critical, gain


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRow:
    """One function in a plain network of `depth` layers whose z begins with variance 1."""

    name: str
    gain: float  # forward
    length: float  # variance of z at the last layer, weights with that gain
    gradient: float  # rms of the gradient at the first layer against the last
    depth_scale: float  # ξ, layers
    trainable_depth: float
    critical: tuple[float, float] | None  # σ_w², σ_b² of the critical line nearest to no bias
    fits: bool  # the depth is within reach of signal and gradient


BIASES = (0.0, 0.05)  # σ_b² at which a critical point is looked for


def compare_stacks(names: Sequence[str], depth: int) -> tuple[StackRow, ...]:
    """Compare functions for a plain stack, each with its own forward gain.

    Raises:
        UsageError: a depth under 1, or a name that is not known, or a gate.
    """
    if depth < 1:
        raise UsageError(f"expected a depth of 1 or more, got {depth}")
    return tuple(_row(name, depth) for name in names)


def _row(name: str, depth: int) -> StackRow:
    record = activations.get(name)
    factor = gain(record)
    field = MeanField(record, factor**2)
    q, log_gradient = 1.0, 0.0
    for _ in range(depth - 1):
        log_gradient += math.log(max(field.slope(q), 1e-300)) / 2
        q = min(max(field.length(q), 1e-30), 1e30)
    scale = field.depth_scale
    gradient = math.exp(log_gradient)
    point = next((found for b in BIASES if (found := _critical(name, b)) is not None), None)
    fits = depth <= 6 * scale and 1e-3 < gradient < 1e3 and 1e-6 < q < 1e6
    return StackRow(
        name=record.label,
        gain=factor,
        length=q,
        gradient=gradient,
        depth_scale=scale,
        trainable_depth=6 * scale,
        critical=point,
        fits=fits,
    )


def _critical(name: str, sigma_b2: float) -> tuple[float, float] | None:
    try:
        return critical(activations.get(name), sigma_b2)[0], sigma_b2
    except UsageError:
        return None

"""An activation function and the variance of its input → means of φ, φ² and φ'² over a normal z."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from stetho.activations import Activation
from stetho.errors import UsageError
from stetho.theory.gaussian import mean


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianMoments:
    """Of a = φ(z) and of the slope φ'(z), for z ~ N(0, q)."""

    q: float
    mean: float  # E φ
    second: float  # E φ²
    slope: float  # E φ'²
    error: float = 0.0  # bound on the error of each of them

    @property
    def variance(self) -> float:
        return self.second - self.mean**2

    @property
    def normalised_slope(self) -> float:
        """E φ'² / Var φ: what one layer multiplies the squared gradient with when its input is
        batch normalised (Yang et al. 2019, A Mean Field Theory of Batch Normalization)."""
        return self.slope / self.variance if self.variance > 0 else math.inf


def moments(record: Activation, q: float = 1.0, training: bool = False) -> GaussianMoments:
    """Means over z ~ N(0, q); of a randomised function in its evaluation or its training form.

    Raises:
        UsageError: q is negative or not finite, or the function is a gate of the GLU family, whose
            output depends on two inputs.
    """
    if not 0 <= q < math.inf:
        raise UsageError(f"expected a variance of 0 or more, got {q!r}")
    if record.gate:
        raise UsageError(
            f"expected a function of one number, got the gate {record.name}; ask for the function "
            "that it applies to its gate instead"
        )
    return _moments(record, float(q), training and record.draw_moments is not None)


@lru_cache(maxsize=4096)
def _moments(record: Activation, q: float, training: bool) -> GaussianMoments:
    if training and record.draw_moments is not None:
        return _randomised(q, *record.draw_moments)
    if q == 0:
        return _at_zero(record)
    first, first_error = mean(record.phi, q, record.kinks)
    second, second_error = mean(lambda z: record.phi(z) ** 2, q, record.kinks)
    slope, slope_error = mean(lambda z: record.slope(z) ** 2, q, record.kinks)
    return GaussianMoments(
        q=q,
        mean=first,
        second=second,
        slope=slope,
        error=max(first_error, second_error, slope_error),
    )


def _randomised(q: float, first: float, second: float) -> GaussianMoments:
    """A leaky ReLU whose lower slope α is drawn anew for every element, with E α and E α² known.

    Half of the mass lies on either side: E φ² = q (1 + E α²) / 2, E φ = √(q / 2π) (1 − E α).
    """
    share = (1 + second) / 2
    return GaussianMoments(
        q=q, mean=math.sqrt(q / (2 * math.pi)) * (1 - first), second=q * share, slope=share
    )


def _at_zero(record: Activation) -> GaussianMoments:
    """A constant input: z is 0 for every sample."""
    import torch

    z = torch.zeros(1, dtype=torch.float64)
    a, d = float(record.phi(z)), float(record.slope(z))
    return GaussianMoments(q=0.0, mean=a, second=a * a, slope=d * d)

"""A function and a normal z of any mean → moments of its output and of its slope."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from stetho.activations import Activation
from stetho.theory.correlated import product_mean
from stetho.theory.gaussian import mean

DIGITS = 6  # to which a variance is rounded, so that equal layers are computed once


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """What becomes of z ~ N(centre, variance) in one activation function."""

    mean: float  # E φ
    second: float  # E φ²
    fourth: float  # E φ⁴
    slope: float  # E φ'²
    slope_fourth: float  # E φ'⁴
    elasticity: float = 1.0  # d ln E φ² / d ln variance: 1 for ReLU, 2 for its square
    slope_elasticity: float = 0.0  # d ln E φ'² / d ln variance

    @property
    def spread(self) -> float:
        """n times the relative variance of a layer's mean a², for n units."""
        return self.fourth / (self.second * self.second) - 1 if self.second > 0 else math.inf

    @property
    def slope_spread(self) -> float:
        """The same of the squared gradient behind it: 3 E φ'⁴ / (E φ'²)² − 1; 5 for ReLU
        (Hanin and Nica 2020: the log squared gradient of He-ReLU varies by 5 L / n)."""
        return 3 * self.slope_fourth / (self.slope * self.slope) - 1 if self.slope > 0 else math.inf


def through(record: Activation, centre: float, variance: float, training: bool) -> Through:
    """Moments of φ and φ' for z ~ N(centre, variance), the training form of a random function."""
    if not (math.isfinite(centre) and math.isfinite(variance)):
        return Through(
            mean=math.nan, second=math.nan, fourth=math.nan, slope=math.nan, slope_fourth=math.nan
        )
    size = max(abs(centre), math.sqrt(variance), 1e-30)
    centre = 0.0 if abs(centre) < 1e-3 * size else float(f"{centre:.{DIGITS}g}")
    return _through(record, centre, float(f"{max(variance, 1e-30):.{DIGITS}g}"), training)


@lru_cache(maxsize=4096)
def _through(record: Activation, centre: float, variance: float, training: bool) -> Through:
    if training and record.draw_moments is not None and record.draw is not None:
        return _drawn(record.draw_moments, centre, variance)
    kinks = tuple(kink - centre for kink in (*record.kinks, 0.0))

    def of(power: int, slope: bool) -> float:
        function = record.slope if slope else record.phi
        return mean(lambda z: function(z + centre) ** power, variance, kinks)[0]

    def elasticity(slope: bool) -> float:
        """v dE/dv / E of a squared function: E f (z²/v − 1) / 2 E f (by parts in the density)."""
        function = record.slope if slope else record.phi
        total = of(2, slope)
        tilted = mean(
            lambda z: function(z + centre) ** 2 * (z * z / variance - 1), variance, kinks
        )[0]
        return tilted / (2 * total) if total > 0 else 0.0

    return Through(
        mean=of(1, False),
        second=of(2, False),
        fourth=of(4, False),
        slope=of(2, True),
        slope_fourth=of(4, True),
        elasticity=elasticity(False),
        slope_elasticity=elasticity(True),
    )


def _drawn(moments: tuple[float, float], centre: float, variance: float) -> Through:
    """A leaky ReLU with a slope α drawn for every element; E α⁴ from the normal's 3 (E α²)²."""
    first, second = moments
    kinks = (-centre,)

    def above(power: int) -> float:
        return mean(lambda z: (z + centre).clamp(min=0) ** power, variance, kinks)[0]

    def below(power: int) -> float:
        return mean(lambda z: (z + centre).clamp(max=0) ** power, variance, kinks)[0]

    share = mean(lambda z: (z + centre > 0).to(z.dtype), variance, kinks)[0]
    return Through(
        mean=above(1) + first * below(1),
        second=above(2) + second * below(2),
        fourth=above(4) + 3 * second**2 * below(4),
        slope=share + second * (1 - share),
        slope_fourth=share + 3 * second**2 * (1 - share),
    )


@lru_cache(maxsize=1024)
def shared(record: Activation, variance: float, correlation: float) -> float:
    """E φ(z₁) φ(z₂) for two samples' z of one unit, with the correlation given."""
    if variance <= 0:
        variance = 1e-30
    return product_mean(record.phi, variance, min(1.0, max(-1.0, correlation)), record.kinks)

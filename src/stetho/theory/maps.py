"""An activation function, σ_w² and σ_b² → what a deep network of it does to signal and gradient.

Mean-field theory of wide networks at initialisation (Poole et al. 2016; Schoenholz et al. 2017):
weights have variance σ_w² / fan-in, biases σ_b². Then z of each layer is normal with variance

    q' = σ_w² E φ(√q Z)² + σ_b²                       (length map)
    χ  = σ_w² E φ'(√q Z)²                             (slope term: the squared gradient's factor)
    c' = (σ_w² E φ(u₁) φ(u₂) + σ_b²) / q*             (correlation map)

and a perturbation dies out, or grows, over a depth scale ξ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stetho.activations import Activation
from stetho.errors import UsageError
from stetho.theory.correlated import product_mean
from stetho.theory.gaussian import mean
from stetho.theory.moments import moments

if TYPE_CHECKING:
    from torch import Tensor

TRAINABLE = 6.0  # depth scales through which a network can be trained (Schoenholz et al. 2017)
STEPS = 10_000
PATIENCE = 100  # steps of the length map after which a length that still grows is looked at
FURTHER = (1e2, 1e4, 1e6)  # times as long
CLOSE = 1e-13
LARGEST = 1e8  # a length beyond which it counts as infinite
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class MeanField:
    """One activation function with one pair of variances; `training` as in `moments`."""

    function: Activation
    sigma_w2: float
    sigma_b2: float = 0.0
    training: bool = True

    def length(self, q: float) -> float:
        """The length map: the variance of z one layer on."""
        return self.sigma_w2 * moments(self.function, q, self.training).second + self.sigma_b2

    def slope(self, q: float) -> float:
        """χ: the factor of the squared gradient, at this length."""
        return self.sigma_w2 * moments(self.function, q, self.training).slope

    def length_slope(self, q: float) -> float:
        """dq'/dq = σ_w² E φ² (z² − q) / 2q² (by parts in the normal density)."""
        if moments(self.function, q, self.training).second == 0:
            return 0.0
        record = self.function
        if self.training and record.draw_moments is not None:
            return self.sigma_w2 * moments(record, 1.0, True).second  # E φ² is linear in q
        value, _ = mean(lambda z: record.phi(z) ** 2 * (z * z - q), q, record.kinks)
        return self.sigma_w2 * value / (2 * q * q)

    def fixed_point(self, start: float = 1.0) -> float:
        """q*: where the length map comes to rest from `start`; 0 or ∞ where it dies or explodes."""
        q = start
        for step in range(STEPS):
            after = self._newton(q)
            if after > LARGEST or (step == PATIENCE and self._grows_for_ever(q)):
                return math.inf
            if after < SMALLEST:
                return 0.0
            if abs(after - q) <= CLOSE * q:
                return after
            q = after
        return q

    def _grows_for_ever(self, q: float) -> bool:
        """Whether a layer lengthens z no less where z is far longer: of ReLU, σ_b² a layer."""
        growth = (1 - 1e-6) * (self.length(q) - q)
        return growth > 0 and all(self.length(f * q) - f * q >= growth for f in FURTHER)

    def _newton(self, q: float) -> float:
        """A step of the map; of Newton's method where that stays on the same side of rest."""
        after, slope = self.length(q), self.length_slope(q)
        if after <= SMALLEST or slope >= 0.95:
            return after
        guess = q + (after - q) / (1 - slope)
        return guess if q / 4 < guess < 4 * q else after

    def correlation(self, c: float, q: float) -> float:
        """The correlation map: that of two inputs' z one layer on, both of length q."""
        product = product_mean(self.function.phi, q, c, self.function.kinks)
        return (self.sigma_w2 * product + self.sigma_b2) / self.length(q)

    def correlation_slope(self, c: float, q: float) -> float:
        """dc'/dc = σ_w² E φ'(u₁) φ'(u₂); χ at c = 1."""
        if c >= 1:
            return self.slope(q)
        return self.sigma_w2 * product_mean(self.function.slope, q, c, self.function.kinks)

    def correlation_fixed_point(self, q: float) -> float:
        """c*: 1 in the ordered phase (χ ≤ 1), else the correlation to which all pairs go."""
        if self.slope(q) <= 1:
            return 1.0
        low, high = 0.0, 1 - 1e-6
        if self.correlation(low, q) <= low:
            return 0.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.correlation(middle, q) > middle else (low, middle)
            if high - low < 1e-9:
                break
        return (low + high) / 2

    @property
    def depth_scale(self) -> float:
        """ξ: layers over which what two inputs have apart shrinks (or settles) to 1/e.

        −1 / ln of the correlation map's slope at its fixed point; ∞ on the critical line.
        """
        q = self.fixed_point()
        if not 0 < q < math.inf:
            return _scale(self.slope(LARGEST if q else SMALLEST))
        return _scale(self.correlation_slope(self.correlation_fixed_point(q), q))

    @property
    def trainable_depth(self) -> float:
        """About 6 ξ: deeper networks of this kind do not train (Schoenholz et al. 2017, fig. 5)."""
        return TRAINABLE * self.depth_scale


def _scale(slope: float) -> float:
    if slope <= 0:
        return 0.0
    return math.inf if abs(slope - 1) < 1e-9 else abs(-1 / math.log(slope))


def critical(function: Activation, sigma_b2: float = 0.0) -> tuple[float, float]:
    """(σ_w², q*) on the critical line: χ = 1 at the fixed point of the length map.

    At length q the first needs σ_w² = 1 / E φ'², and the second then σ_b² = q − E φ² / E φ'².

    Raises:
        UsageError: the function has no such point for this σ_b².
    """

    def missing(q: float) -> float:
        m = moments(function, q, True)
        return q - m.second / m.slope - sigma_b2

    if sigma_b2 == 0 and _scale_invariant(function):
        return 1 / moments(function, 1.0, True).slope, 1.0
    q = _root(missing, 1e-8, 1e6)
    if q is None:
        raise UsageError(
            f"expected a function with a critical point for σ_b² = {sigma_b2:g}, but "
            f"{function.name} has none: no σ_w² keeps both signal and gradient"
        )
    return 1 / moments(function, q, True).slope, q


def _scale_invariant(function: Activation) -> bool:
    """φ(λz) = λφ(z): ReLU and its kin, for which every length is a fixed point."""
    ratios = [moments(function, q, True).second / q for q in (0.01, 1.0, 100.0)]
    return max(ratios) - min(ratios) < 1e-12 * max(ratios)


def half_stable(function: Activation) -> float:
    """K*: the length at which a network without biases is critical and at rest from one side.

    There the length map touches the diagonal: E φ² (z² − K) / 2K² = E φ'² (Roberts, Yaida and
    Hanin 2022, The Principles of Deep Learning Theory, section 5.3.4).

    Raises:
        UsageError: the function has no such point.
    """

    def apart(q: float) -> float:
        field = MeanField(function, 1.0)
        return field.length_slope(q) - field.slope(q)

    found = _root(apart, 1e-3, 1e3)
    if found is None:
        raise UsageError(f"expected a function with a half-stable point; {function.name} has none")
    return found


def _root(function: Callable[[float], float], low: float, high: float) -> float | None:
    """The first change of sign between `low` and `high` on a log scale, halved to 1e-13."""
    count = 160
    ratio = (high / low) ** (1 / count)
    at = low
    before = function(at)
    for _ in range(count):
        after = function(at * ratio)
        if before * after < 0:
            return _bisect(function, at, at * ratio, before)
        at, before = at * ratio, after
    return None


def _bisect(function: Callable[[float], float], low: float, high: float, at_low: float) -> float:
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        value = function(middle)
        if value * at_low > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def phase_diagram(
    function: Activation, sigma_w2: Tensor, sigma_b2: Tensor
) -> tuple[Tensor, Tensor]:
    """q* and χ at q* for every pair of σ_w² (n,) and σ_b² (m,): two tensors of shape (m, n).

    q* is where the length map rests from a start at 1; infinite where it explodes, and χ is then
    that of a very long z. E φ² and E φ'² are tabulated once over ln q and interpolated by cubics,
    to about 1e-7.
    """
    import torch

    table = _table(function)
    q = torch.ones(len(sigma_b2), len(sigma_w2), dtype=torch.float64)
    w, b = sigma_w2.double()[None, :], sigma_b2.double()[:, None]
    for _ in range(400):
        after = (w * table.second(q) + b).clamp(SMALLEST, LARGEST)
        if bool(((after - q).abs() <= 1e-10 * q).all()):
            break
        q = after
    chi = w * table.slope(q)
    return torch.where(q >= LARGEST, torch.inf, torch.where(q <= SMALLEST, 0.0, q)), chi


@dataclass(frozen=True, slots=True)
class _Table:
    """ln E φ² and ln E φ'² at equal steps of ln q, with cubic interpolation between."""

    low: float
    step: float
    log_second: Tensor
    log_slope: Tensor

    def second(self, q: Tensor) -> Tensor:
        return self._at(q, self.log_second).exp()

    def slope(self, q: Tensor) -> Tensor:
        return self._at(q, self.log_slope).exp()

    def _at(self, q: Tensor, values: Tensor) -> Tensor:
        """Lagrange through the four nearest nodes."""
        import torch

        place = (q.log() - self.low) / self.step
        base = place.floor().long().clamp(1, len(values) - 3)
        t = place - base
        weights = (
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        )
        total = torch.zeros_like(q)
        for offset, weight in zip(range(-1, 3), weights):
            total += weight * values[base + offset]
        return total


def _table(function: Activation) -> _Table:
    import torch

    low, high, count = math.log(SMALLEST), math.log(LARGEST), 500
    step = (high - low) / (count - 1)
    found = [moments(function, math.exp(low + i * step), True) for i in range(count)]
    tiny = 1e-300
    second = torch.tensor([max(m.second, tiny) for m in found], dtype=torch.float64)
    slope = torch.tensor([max(m.slope, tiny) for m in found], dtype=torch.float64)
    return _Table(low, step, second.log(), slope.log())

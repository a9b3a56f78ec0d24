"""Numbers → count, mean and central moments that merge with `+`.

Merging follows Chan, Golub and LeVeque 1983 for the second moment and Pébay 2008 for the third and
fourth. Sums are taken over deviations from the mean, so that a large offset costs no digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.summarise.layout import surely_finite


@dataclass(frozen=True, slots=True)
class Moments:
    """Each field is a float64 tensor of one shape: () for all elements, (units,) for each unit."""

    count: Tensor  # finite numbers
    mean: Tensor
    m2: Tensor  # Σ (x − mean)²
    m3: Tensor
    m4: Tensor
    low: Tensor
    high: Tensor
    nonfinite: Tensor  # how many were NaN or Inf

    @staticmethod
    def of(x: Tensor) -> Moments:
        """Moments of all elements of `x`."""
        return Moments.of_columns(x.reshape(-1, 1)).only()

    @staticmethod
    def of_columns(x: Tensor) -> Moments:
        """Moments of each column of (rows, columns)."""
        x = x.detach().double()
        if x.shape[0] and surely_finite(x.sum()):
            return _of_finite(x)
        return _of_any(x)

    def only(self) -> Moments:
        """The moments of the only column, as numbers."""
        return Moments(*(getattr(self, name)[0] for name in self.__slots__))

    def parts(self) -> tuple[Tensor, ...]:
        """The fields, in their order."""
        return tuple(getattr(self, name) for name in self.__slots__)

    def together(self) -> Moments:
        """The moments of all columns taken as one set of numbers."""
        count = self.count.sum()
        safe = count.clamp(min=1)
        mean = (self.count * self.mean).sum() / safe
        d, n = self.mean - mean, self.count
        return Moments(
            count=count,
            mean=mean,
            m2=(self.m2 + n * d**2).sum(),
            m3=(self.m3 + 3 * d * self.m2 + n * d**3).sum(),
            m4=(self.m4 + 4 * d * self.m3 + 6 * d**2 * self.m2 + n * d**4).sum(),
            low=self.low.amin() if self.low.numel() else self.mean.new_tensor(torch.inf),
            high=self.high.amax() if self.high.numel() else self.mean.new_tensor(-torch.inf),
            nonfinite=self.nonfinite.sum(),
        )

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        safe = count.clamp(min=1)
        d = other.mean - self.mean
        a, b = self.count, other.count
        # Pébay 2008, equations 3.1 (pairwise): δ = mean_b − mean_a.
        m2 = self.m2 + other.m2 + d**2 * a * b / safe
        m3 = (
            self.m3
            + other.m3
            + d**3 * a * b * (a - b) / safe**2
            + 3 * d * (a * other.m2 - b * self.m2) / safe
        )
        m4 = (
            self.m4
            + other.m4
            + d**4 * a * b * (a**2 - a * b + b**2) / safe**3
            + 6 * d**2 * (a**2 * other.m2 + b**2 * self.m2) / safe**2
            + 4 * d * (a * other.m3 - b * self.m3) / safe
        )
        return Moments(
            count=count,
            mean=(a * self.mean + b * other.mean) / safe,
            m2=m2,
            m3=m3,
            m4=m4,
            low=torch.minimum(self.low, other.low),
            high=torch.maximum(self.high, other.high),
            nonfinite=self.nonfinite + other.nonfinite,
        )

    @property
    def variance(self) -> Tensor:
        """Of the population; NaN where there is no number."""
        return self.m2 / self._filled

    @property
    def std(self) -> Tensor:
        return self.variance.clamp(min=0).sqrt()

    @property
    def skewness(self) -> Tensor:
        return self.m3 / self._filled / self.std**3

    @property
    def kurtosis(self) -> Tensor:
        """Excess kurtosis: 0 for a normal distribution."""
        return self.m4 / self._filled / self.variance**2 - 3

    @property
    def rms(self) -> Tensor:
        return (self.variance + self.mean**2).sqrt()

    @property
    def _filled(self) -> Tensor:
        return torch.where(self.count > 0, self.count, torch.nan)


def _of_finite(x: Tensor) -> Moments:
    mean = x.mean(0)
    deviation = x - mean
    mean = mean + deviation.mean(0)  # what rounding took from the mean
    deviation = x - mean
    square = deviation * deviation
    low, high = torch.aminmax(x, dim=0)
    count = torch.full_like(mean, x.shape[0])
    m3, m4 = (square * deviation).sum(0), (square * square).sum(0)
    return Moments(
        count=count,
        mean=mean,
        m2=square.sum(0),
        m3=m3,
        m4=m4,
        low=low,
        high=high,
        nonfinite=torch.zeros_like(mean),
    )


def _of_any(x: Tensor) -> Moments:
    finite = torch.isfinite(x)
    count = finite.sum(0, dtype=torch.float64)
    mean = torch.where(finite, x, 0.0).sum(0) / count.clamp(min=1)
    deviation = torch.where(finite, x - mean, 0.0)
    mean = mean + deviation.sum(0) / count.clamp(min=1)
    deviation = torch.where(finite, x - mean, 0.0)
    square = deviation * deviation
    infinite = x.new_full((x.shape[1],), torch.inf)
    empty = x.shape[0] == 0
    return Moments(
        count=count,
        mean=mean,
        m2=square.sum(0),
        m3=(square * deviation).sum(0),
        m4=(square * square).sum(0),
        low=infinite if empty else torch.where(finite, x, torch.inf).amin(0),
        high=-infinite if empty else torch.where(finite, x, -torch.inf).amax(0),
        nonfinite=x.shape[0] - count,
    )


SPREAD = 5  # numbers of a `Spread`


@dataclass(frozen=True, slots=True)
class Spread:
    """Count, mean and second moment of all elements of a tensor, and its zeros."""

    numbers: (
        Tensor  # (SPREAD,) float64: finite elements, mean, Σ (x − mean)², non-finite, exactly 0
    )

    @staticmethod
    def of(x: Tensor) -> Spread:
        x = x.detach().reshape(-1).double()
        zeros = x.numel() - torch.count_nonzero(x).double()
        total = x.sum()
        if x.numel() and surely_finite(total):
            mean = total / x.numel()
            norm = torch.linalg.vector_norm(x - mean)
            count = torch.full_like(mean, x.numel())
            return Spread(torch.stack([count, mean, norm * norm, torch.zeros_like(mean), zeros]))
        finite = torch.isfinite(x)
        count = finite.sum(dtype=torch.float64)
        mean = torch.where(finite, x, 0.0).sum() / count.clamp(min=1)
        m2 = torch.where(finite, x - mean, 0.0).square().sum()
        return Spread(torch.stack([count, mean, m2, x.numel() - count, zeros]))

    def __add__(self, other: Spread) -> Spread:
        """Chan, Golub and LeVeque 1983."""
        (a, mean, m2, *counts), (b, its_mean, its_m2, *its_counts) = self.numbers, other.numbers
        count = a + b
        safe = count.clamp(min=1)
        d = its_mean - mean
        joined = (a * mean + b * its_mean) / safe
        added = [one + more for one, more in zip(counts, its_counts, strict=True)]
        return Spread(torch.stack([count, joined, m2 + its_m2 + d * d * a * b / safe, *added]))

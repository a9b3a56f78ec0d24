"""B3: the product of fifty numbers between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import exact, geometric_mean, share
from stetho.record import Picture, Series

FACTORS = 50
SEEN = 1e-18  # what the article saw no product above
RARE = 0.01  # "never seen", of a few dozen products
GREATEST_SIGMOID = 0.25  # the slope of the sigmoid at 0
LOG_TEN = math.log(10)
SHOWN = tuple(range(-40, -5))  # log10 of the products


@dataclass(frozen=True)
class FiftyNumbers(AbstractClaim):
    """Fifty draws from the uniform distribution on (0, 1) are multiplied, in double precision:
    2,000 products a seed. Beside it the exact answer: minus the logarithm of such a product has the
    gamma distribution of shape 50, so that its tail is a finite sum."""

    id: ClassVar[str] = "B3"
    title: ClassVar[str] = "Fifty numbers between 0 and 1"
    says: ClassVar[str] = (
        "The product of fifty numbers drawn uniformly between 0 and 1 is next to nothing: none is "
        "seen above 1e-18."
    )
    criterion: ClassVar[str] = (
        f"The geometric mean of the products is at most {SEEN:g}, and at most {RARE:.0%} of the "
        f"products are above {SEEN:g}."
    )
    take_away: ClassVar[str] = (
        "A product of many factors below 1 is tiny but spread over many orders of magnitude: about "
        "one in nine is above 1e-18, which a handful of tries easily misses. Judge vanishing on a "
        "logarithmic scale, layer by layer."
    )

    factors: int = FACTORS

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(10, 3)
        logs = [self._log_products(seed) for seed in seeds]
        pooled = torch.cat(logs)
        above = above_exactly(SEEN, self.factors)
        return Measured(
            (
                geometric_mean(
                    "geometric mean of the products",
                    [math.exp(float(log.mean())) for log in logs],
                    at_most=SEEN,
                    expected=math.exp(-self.factors),
                    unit="",
                ),
                share(
                    f"products above {SEEN:g}",
                    int((pooled > math.log(SEEN)).sum()),
                    len(pooled),
                    at_most=RARE,
                    expected=above,
                ),
                exact(f"chance that none of 5 is above {SEEN:g}", (1 - above) ** 5, unit="%"),
                exact(
                    "greatest product that so many slopes of a sigmoid can have",
                    GREATEST_SIGMOID**self.factors,
                ),
            ),
            (self._tail(pooled), self._shrinking(seeds[0])),
            seeds,
        )

    def _log_products(self, seed: int, products: int = 2_000) -> Tensor:
        return self._log_factors(seed, products).sum(1)

    def _log_factors(self, seed: int, products: int) -> Tensor:
        draw = torch.Generator().manual_seed(seed)
        uniform = torch.rand(products, self.factors, generator=draw, dtype=torch.float64)
        return (1 - uniform).log()  # of (0, 1], as rand may give 0 but never 1

    def _tail(self, logs: Tensor) -> Picture:
        measured = [float((logs > x * LOG_TEN).double().mean()) for x in SHOWN]
        exactly = [above_exactly(10.0**x, self.factors) for x in SHOWN]
        return Picture(
            title="How many products are above a number",
            caption=f"At -18, where the article saw none, "
            f"{above_exactly(SEEN, self.factors):.0%} are.",
            x="log10 of that number",
            y="share of the products",
            series=(
                Series("exact, by the gamma distribution", SHOWN, tuple(exactly)),
                Series("measured", SHOWN, tuple(measured), points=True),
            ),
        )

    def _shrinking(self, seed: int) -> Picture:
        products = self._log_factors(seed, 2_000).cumsum(1) / LOG_TEN
        low, middle, high = (
            tuple(products.quantile(level, 0).tolist()) for level in (0.05, 0.5, 0.95)
        )
        return Picture(
            title="A product shrinks with every factor",
            caption="The middle one of 2,000 products, and the range that 90 % of them lie in.",
            x="number of factors",
            y="log10 of the product",
            series=(Series("median", tuple(range(1, self.factors + 1)), middle, low, high),),
        )

    @classmethod
    def sabotaged(cls) -> FiftyNumbers:
        return cls(factors=5)


def above_exactly(limit: float, factors: int) -> float:
    """P(product of so many uniform draws > limit), limit in (0, 1).

    −log of the product is a sum of exponential variables, so Gamma(n, 1): with x = −log(limit),
    P(Gamma(n, 1) < x) = 1 − e^(−x) Σ_{k<n} xᵏ/k!, as the Poisson process has n arrivals by then.
    """
    x = -math.log(limit)
    return 1 - math.fsum(_poisson(range(factors), x))


def _poisson(counts: Sequence[int], mean: float) -> list[float]:
    return [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in counts]

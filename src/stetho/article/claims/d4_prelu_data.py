"""D4: PReLU learns its slopes, adds parameters, and wants much data for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import exact, mean
from stetho.article.networks import mlp
from stetho.article.training import sgd, train
from stetho.record import Picture, Series

DEPTH, WIDTH, STEPS = 3, 64, 100
SIZES = (45, 135, 450, 1347)  # training samples, of 1,347
BATCH = 45
BETTER = 0.005  # accuracy: half a point


@dataclass(frozen=True)
class PReLUWantsData(AbstractClaim):
    """Networks with 3 hidden layers of 64 units (He's weights) learn 45 of scikit-learn's digits,
    or 1,347 (the picture: 135 and 450 too), by gradient descent with momentum (0.02 and 0.9,
    batches of 45, 100 steps), and are tested on 450 others: with PReLU, one learned slope a unit,
    and with slopes fixed at 0.25, which is where PReLU's begin. Networks of one seed share data,
    weights and batches, so that they differ in the learning of slopes alone."""

    id: ClassVar[str] = "D4"
    title: ClassVar[str] = "PReLU wants data"
    says: ClassVar[str] = (
        "PReLU learns its slopes below zero. As it adds parameters, it pays where there is much "
        "training data, and not where there is little."
    )
    criterion: ClassVar[str] = (
        f"PReLU has learned slopes. Learning them makes a network at least {BETTER:.1%} less "
        f"accurate with {SIZES[0]} training samples and at least {BETTER:.1%} more accurate with "
        f"{SIZES[-1]:,}; from the fewest samples to the most its gain grows by {BETTER:.1%} or "
        "more."
    )
    take_away: ClassVar[str] = (
        "One slope a unit is a small share of a network's parameters: what makes it overfit is "
        "its weights. PReLU is cheap to try with any amount of data; judge it on data held back."
    )

    function: str = "prelu"
    fixed: str = "leaky_relu:negative_slope=0.25"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(16, 8)
        sizes = (SIZES[0], SIZES[-1]) if setting.quick else SIZES
        gains = {size: [self._gain(size, seed) for seed in seeds] for size in sizes}
        few, many = gains[SIZES[0]], gains[SIZES[-1]]
        added, others = added_parameters(_network(self.function, 0))
        by_size = [mean("", ones) for ones in gains.values()]
        return Measured(
            (
                exact("learned slopes", added, at_least=1),
                mean(f"gain with {SIZES[0]} samples", few, at_most=-BETTER, unit="%"),
                mean(f"gain with {SIZES[-1]:,} samples", many, at_least=BETTER, unit="%"),
                mean(
                    "growth of the gain, fewest samples to most",
                    [most - least for least, most in zip(few, many)],
                    at_least=BETTER,
                    unit="%",
                ),
                exact("learned slopes over all other parameters", added / others, unit="%"),
            ),
            (
                Picture(
                    title="What learning the slopes gains",
                    caption="Accuracy with PReLU less that with slopes fixed at 0.25; the band "
                    "is a 95 % "
                    "interval over seeds.",
                    x="training samples",
                    y="gain in accuracy, points",
                    series=(
                        Series(
                            "PReLU less fixed slope",
                            tuple(sizes),
                            tuple(100 * row.value for row in by_size),
                            tuple(100 * row.low for row in by_size),
                            tuple(100 * row.high for row in by_size),
                        ),
                    ),
                    log_x=True,
                ),
            ),
            seeds,
        )

    def _gain(self, samples: int, seed: int) -> float:
        """Accuracy with learned slopes, less that with fixed ones."""
        split = data.load(seed=seed, samples=samples)
        learned, fixed = (
            train(
                _network(name, seed),
                split,
                steps=STEPS,
                optimizer=sgd(0.02, 0.9),
                seed=seed,
                batch=BATCH,
            ).accuracy
            for name in (self.function, self.fixed)
        )
        return learned - fixed

    @classmethod
    def sabotaged(cls) -> PReLUWantsData:
        return cls(function="leaky_relu:negative_slope=0.25")  # its slopes are not learned


def added_parameters(model: nn.Module) -> tuple[int, int]:
    """Learned slopes, and all other parameters."""
    added = sum(module.weight.numel() for module in _prelus(model))
    return added, sum(own.numel() for own in model.parameters()) - added


def _network(function: str, seed: int) -> nn.Sequential:
    """PReLU has a slope for each unit, as in its paper, in place of one a layer."""
    model = mlp(function, DEPTH, WIDTH, seed=seed, init="he")
    for module in _prelus(model):
        module.weight = nn.Parameter(module.weight.detach().repeat(WIDTH))
    return model


def _prelus(model: nn.Module) -> Sequence[nn.PReLU]:
    return [module for module in model.modules() if isinstance(module, nn.PReLU)]

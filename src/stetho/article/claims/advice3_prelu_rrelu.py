"""Advice 3: randomised leaky ReLU where a network overfits, PReLU where there is much data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import mean
from stetho.article.tasks import Task
from stetho.article.training import Training
from stetho.record import Picture, Series

MANY = Task("digits", 6, steps=150)
FEW = replace(MANY, samples=150, steps=60)
BETTER = 0.005  # accuracy: half a point
FIRST = "relu"  # which the two are compared with


@dataclass(frozen=True)
class PReLUAndRReLU(AbstractClaim):
    """Networks with 6 hidden layers of 64 units (He's weights) learn scikit-learn's digits by
    gradient descent with momentum (0.02 and 0.9, batches of 32): 150 of them in 60 steps, which
    they learn by heart while many of the test part go wrong, or all 1,347 of the training part in
    150 steps. Networks with ReLU, PyTorch's randomised leaky ReLU, PReLU (a slope a layer) and a
    fixed slope of 0.2 share data, weights and batches of a seed; a gain is accuracy on the test
    part less that of ReLU."""

    id: ClassVar[str] = "advice-3"
    title: ClassVar[str] = "Then PReLU and randomised ReLU"
    says: ClassVar[str] = (
        "With time to spare, try randomised leaky ReLU where the network overfits, and PReLU "
        "where there is much training data, and only there."
    )
    criterion: ClassVar[str] = (
        f"Where the network overfits, the randomised form gains at least {BETTER:.1%}, and that "
        f"is at least {BETTER:.1%} more than it gains with much data. With much data PReLU gains "
        f"at least {BETTER:.1%}, and that is at least {BETTER:.1%} more than it gains with little."
    )
    take_away: ClassVar[str] = (
        "Both have a slope below zero that is far from 0, and in a deep plain network that alone "
        "can be worth more than what sets them apart. Compare them with a leaky ReLU of slope "
        "0.2 as well as with ReLU."
    )

    randomised: str = "rrelu"
    learned: str = "prelu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(16, 4)
        names = {FIRST, self.randomised, self.learned, LEAKY}
        ones = {
            (task, name): [task.train(name, seed) for seed in seeds]
            for task in (FEW, MANY)
            for name in names
        }

        def gains(task: Task, name: str) -> list[float]:
            return [a.accuracy - b.accuracy for a, b in zip(ones[task, name], ones[task, FIRST])]

        random_few, random_many = gains(FEW, self.randomised), gains(MANY, self.randomised)
        learned_few, learned_many = gains(FEW, self.learned), gains(MANY, self.learned)
        return Measured(
            (
                mean("randomised, gain where it overfits", random_few, at_least=BETTER, unit="%"),
                mean(
                    "randomised, gain where it overfits less gain with much data",
                    [few - many for few, many in zip(random_few, random_many)],
                    at_least=BETTER,
                    unit="%",
                ),
                mean("PReLU, gain with much data", learned_many, at_least=BETTER, unit="%"),
                mean(
                    "PReLU, gain with much data less gain with little",
                    [many - few for few, many in zip(learned_few, learned_many)],
                    at_least=BETTER,
                    unit="%",
                ),
                mean("slope 0.2, gain where it overfits", gains(FEW, LEAKY), unit="%"),
                mean("slope 0.2, gain with much data", gains(MANY, LEAKY), unit="%"),
                mean("ReLU, overfitting: training part", _training(ones[FEW, FIRST]), unit="%"),
                mean("ReLU, overfitting: test part", _test(ones[FEW, FIRST]), unit="%"),
                mean("ReLU, much data: training part", _training(ones[MANY, FIRST]), unit="%"),
                mean("ReLU, much data: test part", _test(ones[MANY, FIRST]), unit="%"),
            ),
            (
                _picture(
                    {
                        "randomised": (random_few, random_many),
                        "PReLU": (learned_few, learned_many),
                        "slope 0.2": (gains(FEW, LEAKY), gains(MANY, LEAKY)),
                    }
                ),
            ),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> PReLUAndRReLU:
        return cls(randomised="relu", learned="relu")


LEAKY = "leaky_relu:negative_slope=0.2"


def _training(ones: list[Training]) -> list[float]:
    return [one.training_accuracy for one in ones]


def _test(ones: list[Training]) -> list[float]:
    return [one.accuracy for one in ones]


def _picture(gains: dict[str, tuple[list[float], list[float]]]) -> Picture:
    rows = {name: [mean("", one) for one in pair] for name, pair in gains.items()}
    return Picture(
        title="Gain over ReLU with little and with much data",
        caption="Mean over seeds with its 95 % interval; at 0 a function is as accurate as ReLU.",
        x="training samples",
        y="gain in accuracy, points",
        series=tuple(
            Series(
                name,
                (0.0, 1.0),
                tuple(100 * row.value for row in pair),
                tuple(100 * row.low for row in pair),
                tuple(100 * row.high for row in pair),
            )
            for name, pair in rows.items()
        ),
        ticks=("150", "1,347"),
    )

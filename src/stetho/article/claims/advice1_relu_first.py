"""Advice 1: ReLU first, as it is the simplest, the cheapest, and often enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from stetho import activations
from stetho.activations.modules import build
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import exact, median, share
from stetho.article.tasks import USUAL, Task
from stetho.article.timing import by_turns, forward_backward
from stetho.record import Measure, Picture, Series

OTHERS = ("leaky_relu", "elu", "prelu")
NEAR = 0.025  # accuracy that is near enough to the best: a sample of wine's test part is 0.022
OFTEN = 0.5  # of the cases
CHEAP = 1.25  # times the other's time: no more than a quarter dearer
NUMBERS = 1 << 14  # that are timed: 64 kB


@dataclass(frozen=True)
class ReLUFirst(AbstractClaim):
    """Three sets of scikit-learn (digits, breast cancer, wine), networks with 2 and with 6 hidden
    layers of 64 units (He's weights), 60 steps of gradient descent with momentum (0.02 and 0.9,
    batches of 32). A case is one set, one depth and one seed: in each, networks with ReLU, leaky
    ReLU, ELU and PReLU share weights and batches. ReLU is enough where its accuracy on the test
    part is at most 2.5 points behind the best of the others. Time is the processor's for forward
    and backward of 16,384 numbers, by turns."""

    id: ClassVar[str] = "advice-1"
    title: ClassVar[str] = "ReLU first"
    says: ClassVar[str] = (
        "Take ReLU first: it is the simplest function and the cheapest, and often enough."
    )
    criterion: ClassVar[str] = (
        f"ReLU has no parameter to set, takes at most {CHEAP:g} times as long as each of the "
        f"others, and is at most {100 * NEAR:g} points behind the best of them in at least "
        f"{OFTEN:.0%} of the cases."
    )
    take_away: ClassVar[str] = (
        "Begin with ReLU and He's initialisation, and look whether the network learns. Where "
        "another function is better in one training, ask for a difference that stays over "
        "several seeds."
    )

    function: str = "relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        behind = {task.name: [self._behind(task, seed) for seed in seeds] for task in USUAL}
        gaps = [gap for ones in behind.values() for gap in ones]
        parameters = activations.get(self.function).facts.parameters
        return Measured(
            (
                exact("parameters to set", len(parameters), at_most=0),
                *self._times(15 if setting.quick else 31),
                share(
                    f"cases with at most {100 * NEAR:g} points behind the best other",
                    sum(gap <= NEAR for gap in gaps),
                    len(gaps),
                    at_least=OFTEN,
                ),
            ),
            (_picture(behind),),
            seeds,
        )

    def _behind(self, task: Task, seed: int) -> float:
        """Accuracy of the best other, less that of the first choice."""
        others = max(task.train(name, seed).accuracy for name in OTHERS)
        return others - task.train(self.function, seed).accuracy

    def _times(self, rounds: int) -> list[Measure]:
        z = torch.randn(NUMBERS, generator=torch.Generator().manual_seed(0))
        jobs = {
            name: forward_backward(build(activations.get(name)), z)
            for name in (self.function, *OTHERS)
        }
        seconds = by_turns(jobs, rounds)
        return [
            median(
                f"time over that of {name}",
                [own / other for own, other in zip(seconds[self.function], seconds[name])],
                at_most=CHEAP,
                unit="×",
            )
            for name in OTHERS
        ]

    @classmethod
    def sabotaged(cls) -> ReLUFirst:
        # two parameters, a draw for each number, and signs that turn at random
        return cls(function="rrelu_article:mean=-3.0,std=10.0")


def _picture(behind: dict[str, list[float]]) -> Picture:
    points = [(place, 100 * gap) for place, gaps in enumerate(behind.values()) for gap in gaps]
    return Picture(
        title="How far ReLU is behind the best other function",
        caption="Each point is a seed; below 0, ReLU is the best.",
        x="task",
        y="accuracy behind the best other, points",
        series=(
            Series(
                "ReLU",
                tuple(float(place) for place, _ in points),
                tuple(gap for _, gap in points),
                points=True,
            ),
        ),
        ticks=tuple(behind),
    )

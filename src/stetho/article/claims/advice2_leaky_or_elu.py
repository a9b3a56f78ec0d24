"""Advice 2: where ReLU disappoints, leaky ReLU or ELU; functions that centre usually win."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from stetho import activations
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import exact, geometric_mean, mean, share
from stetho.article.tasks import HARD, USUAL, Task
from stetho.article.training import Training
from stetho.choosing import choose
from stetho.record import Measure, Picture, Series
from stetho.theory import moments

LESS = 0.95  # mean training loss over the other's
OFTEN = 0.5  # of the cases
FIRST = "relu"


@dataclass(frozen=True)
class LeakyOrELU(AbstractClaim):
    """Three sets of scikit-learn (digits, breast cancer, wine) and networks of 64 units a layer:
    with 2 and with 6 hidden layers and He's weights, and, as a case in which ReLU disappoints, with
    4 and PyTorch's own weights, in which its signal fades. A case is one of these nine and one
    seed; in each, networks with all functions share weights and batches (60 steps of gradient
    descent with momentum, 0.02 and 0.9, batches of 32). The score is the mean training loss over
    all steps. ELU and tanh stand for functions that centre (mean outputs of 0.16 and 0 for normal
    inputs), ReLU and leaky ReLU (0.40 and 0.39) for those that do not; a kind's score is the
    geometric mean of its two. In the full experiment `stetho choose` also races ReLU, leaky ReLU
    and ELU on the digits, where ReLU disappoints."""

    id: ClassVar[str] = "advice-2"
    title: ClassVar[str] = "Then leaky ReLU or ELU"
    says: ClassVar[str] = (
        "Where ReLU disappoints, try leaky ReLU or ELU. Functions that centre their output "
        "usually win; take ELU unless its time matters."
    )
    criterion: ClassVar[str] = (
        "Where ReLU disappoints, the mean training loss with leaky ReLU, and with ELU, is at "
        f"most {LESS:g} times that with ReLU. Functions that centre win over those that do not in "
        f"more than {OFTEN:.0%} of all cases, and ELU's mean training loss is at most {LESS:g} "
        "times leaky ReLU's over all cases."
    )
    take_away: ClassVar[str] = (
        "A leaky ReLU with slope 0.01 is so near to ReLU that it seldom changes anything; ELU is "
        "the one to try second. Centred outputs help most where initialisation and normalisation "
        "do not already see to the signal."
    )

    leaky: str = "leaky_relu"
    elu: str = "elu"
    centred: tuple[str, ...] = ("elu", "tanh")
    uncentred: tuple[str, ...] = (FIRST, "leaky_relu")

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(4, 2)
        names = {FIRST, self.leaky, self.elu, *self.centred, *self.uncentred}
        trained = {
            (task, seed): {name: task.train(name, seed) for name in names}
            for task in (*USUAL, *HARD)
            for seed in seeds
        }
        everywhere = list(trained.values())
        hard = [ones for (task, _), ones in trained.items() if task in HARD]
        wins = sum(
            _middle(ones, self.centred) < _middle(ones, self.uncentred) for ones in everywhere
        )
        return Measured(
            (
                _ratio(
                    "loss where ReLU disappoints, leaky ReLU over ReLU", hard, self.leaky, FIRST
                ),
                _ratio("loss where ReLU disappoints, ELU over ReLU", hard, self.elu, FIRST),
                share(
                    "cases that functions which centre win",
                    wins,
                    len(everywhere),
                    at_least=OFTEN,
                ),
                _ratio(
                    "loss over all cases, ELU over leaky ReLU", everywhere, self.elu, self.leaky
                ),
                mean(
                    "accuracy over all cases, ELU less leaky ReLU",
                    [ones[self.elu].accuracy - ones[self.leaky].accuracy for ones in everywhere],
                    unit="%",
                ),
                *(() if setting.quick else self._race(seeds[0])),
                *(
                    exact(
                        f"mean output for normal inputs, {name}",
                        moments(activations.get(name)).mean,
                    )
                    for name in (*self.centred, *self.uncentred)
                ),
            ),
            (_picture(trained, (self.leaky, *self.centred)),),
            seeds,
        )

    def _race(self, seed: int) -> list[Measure]:
        """What `stetho choose` says of a task in which ReLU disappoints, pair by pair."""
        choice = choose(
            lambda: HARD[0].train(FIRST, seed),
            [FIRST, self.leaky, self.elu],
            engine="local",
            steps=HARD[0].steps,
            init="keep",
        ).choice
        return [
            Measure(f"race of stetho choose: {row.name} less ReLU", row.difference, *row.interval)
            for row in choice.candidates
            if row.status == "done" and not row.incumbent  # of one that it drops it tells no gain
        ]

    @classmethod
    def sabotaged(cls) -> LeakyOrELU:
        return cls("softplus", "sigmoid", ("softplus", "sigmoid"))


Case = dict[str, Training]  # by function


def _middle(ones: Case, names: Sequence[str]) -> float:
    return math.exp(sum(math.log(ones[name].mean_loss) for name in names) / len(names))


def _ratio(what: str, cases: Sequence[Case], own: str, other: str) -> Measure:
    return geometric_mean(
        what, [ones[own].mean_loss / ones[other].mean_loss for ones in cases], at_most=LESS
    )


def _picture(trained: dict[tuple[Task, int], Case], names: Sequence[str]) -> Picture:
    tasks = list(dict.fromkeys(task for task, _ in trained))
    return Picture(
        title="Mean training loss over that of ReLU",
        caption="Mean over seeds in each task; below 1 a function learns faster than ReLU.",
        x="task",
        y="mean training loss over ReLU's",
        series=tuple(
            Series(
                name,
                tuple(range(len(tasks))),
                tuple(
                    _middle_ratio([ones for (own, _), ones in trained.items() if own == task], name)
                    for task in tasks
                ),
                points=True,
            )
            for name in names
        ),
        ticks=tuple(task.name for task in tasks),
    )


def _middle_ratio(cases: Sequence[Case], name: str) -> float:
    return _ratio("", cases, name, FIRST).value

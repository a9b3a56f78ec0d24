"""A loss that has not moved, or only to what a constant answer gets → `not-learning`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.learning import EXPLAINED
from stetho.diagnose.learning import STUCK as STUCK_LIMIT
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Remedy, Run, Severity


class NotLearning(AbstractRule):
    """Is the loss better than that of the best constant answer?

    Looks at: the loss of every step, against the loss that the best constant prediction gets for
    the targets seen: the entropy of the classes' shares for cross entropy, the variance for squared
    error. A loss that falls to that value and stays has learned how often each answer comes, and
    nothing of the inputs.

    Can look like it: the first steps of a run that learns later; two players or rewards, whose
    loss is meant to hover (without targets nothing is said).

    What helps: the finding that stands above this one; without one, the learning rate, the labels
    or the output layer and its loss.
    """

    name: ClassVar[str] = "not-learning"
    rank: ClassVar[int] = 90
    limits: ClassVar[dict[str, Limit]] = {
        "explained": Limit(
            STUCK_LIMIT,
            "share of the constant answer's loss that is gone",
            f"Nothing is learned under 2 %; a network that learns has {EXPLAINED:.0%} and more",
        ),
        "steps": Limit(
            100, "steps after which a loss that has not moved is a fault", "An epoch of small data"
        ),
        "slow": Limit(
            1e-5,
            "relative update under which the learning rate is too low",
            "A hundredth of the usual 1e-3: the weights change by 0.1 % in a hundred steps",
        ),
        "fast": Limit(
            0.1,
            "relative update above which the learning rate is too high",
            "A hundred times the usual 1e-3",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        seen = view.learning
        if not seen.hardly:
            return
        update = self._typical_update(view)
        cause = self._cause(update)
        grave = seen.status == "stuck" and seen.steps >= self.limit("steps")
        evidence = {
            "share of the constant answer's loss that is gone": Evidence(
                max(0.0, seen.explained), self.limit("explained"), "%"
            ),
            "steps": Evidence(seen.steps, self.limit("steps")),
        }
        if not math.isnan(update):
            evidence["median relative update"] = Evidence(update)
        yield Finding(
            self.name,
            Severity.FAULT if grave else Severity.WARNING,
            f"After {seen.steps} steps the loss is {number(seen.last)}; the best constant answer "
            f"gets {number(seen.baseline)}, so {percent(max(0.0, seen.explained))} of it is "
            "explained by the inputs.",
            (),
            0,
            evidence,
            {cause: 1.0},
            (self._remedy(cause),),
        )

    @staticmethod
    def _typical_update(view: RunView) -> float:
        weights = [p.name for p in view.run.parameters if p.role == "weight" and p.trainable]
        known = [u for u in map(view.relative_update, weights) if not math.isnan(u)]
        return median(known) if known else math.nan

    def _cause(self, update: float) -> str:
        if update < self.limit("slow") or update > self.limit("fast"):
            return "learning-rate"
        return "unknown"

    @staticmethod
    def _remedy(cause: str) -> Remedy:
        if cause == "learning-rate":
            return Remedy(
                "set the learning rate so that weights change by about a thousandth a step",
                "a relative update of 1e-3",
            )
        return Remedy(
            "try to overfit a single batch, and look at the labels and the output layer",
            "a loss near 0 on one batch within a few hundred steps, if the network can learn at "
            "all",
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)

"""A loss that has not moved, or only to what a constant answer gets → `not-learning`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.learning import EXPLAINED
from stetho.diagnose.learning import STUCK as STUCK_LIMIT
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import PATIENCE, RunView
from stetho.record import Evidence, Finding, Remedy, Run, Severity


class NotLearning(AbstractRule):
    """Is the loss better than that of the best constant answer?

    Looks at: the loss of every step, against the loss that the best constant prediction gets for
    the targets seen: the entropy of the classes' shares for cross entropy, the variance for squared
    error. A loss that falls to that value and stays has learned how often each answer comes, and
    nothing of the inputs.

    Can look like it: the first steps of a run that learns later; two players or rewards, whose
    loss is meant to hover (without targets nothing is said).

    What helps: the finding that stands above this one. Without one, and where signal and gradient
    pass all sites and steps of usual size do not help, the labels are left.
    """

    name: ClassVar[str] = "not-learning"
    rank: ClassVar[int] = 90
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "explained": Limit(
            STUCK_LIMIT,
            "share of the constant answer's loss that is gone",
            f"Nothing is learned under 2 %; a network that learns has {EXPLAINED:.0%} and more",
        ),
        "steps": Limit(
            PATIENCE,
            "steps after which a loss that has not moved is a fault; before, nothing is said while "
            "training goes on",
            "An epoch of small data",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        seen = view.learning
        if not seen.hardly:
            return
        update = view.typical_update()
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
            {"unknown": 1.0},
            (
                Remedy(
                    "try to overfit a single batch, and look at the labels and the output layer",
                    "a loss near 0 on one batch within a few hundred steps, if the network can "
                    "learn at all",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)

"""A loss that is still, comes back, or falls by what is learned by heart → `not-learning`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.exclusion import (
    AGREEMENT,
    CERTAIN,
    TRAVEL,
    by_chance,
    creeps,
    remembers,
)
from stetho.diagnose.learning import EXPLAINED, LITTLE, LOST
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
    nothing of the inputs. A loss that was below it and has come back half the way or more is told
    too. Where less than a quarter of it is gone, two more things are looked at. How far all steps
    together can have moved a weight. And whether the samples of a batch agree on a direction: in
    the layer before the loss, the gradient of the weight is a sum over samples; if what the layer
    gets tells nothing of the targets, that sum is as large as if the gradients were dealt out among
    the samples by chance (agreement 1), and what the loss still falls is learned by heart.

    Can look like it: the first steps of a run that learns later; two players or rewards, whose
    loss is meant to hover (without targets nothing is said); recurrent networks that have not found
    yet what tells the targets, whose samples agree by chance too.

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
        "kept": Limit(
            LOST,
            "part of what was explained at best that a network keeps",
            "Half; zoo, calibration half: of 423 healthy runs all but one keep more",
        ),
        "agreement": Limit(
            AGREEMENT,
            "agreement of the samples in the layer before the loss, mean over probes; by chance 1",
            "Zoo, calibration half, networks that explain under a quarter: with random labels at "
            "most 1.01, with true labels and weights of usual size 1.5 and more (in batches of 8 "
            f"1.2). {CERTAIN:.0f} standard errors above 1 are agreement too",
        ),
        "little": Limit(
            LITTLE,
            "share of the constant answer's loss that is gone, under which it is asked how far "
            "steps have led and whether samples agree",
            "Zoo, calibration half: of 59 healthy networks all but one have more in the end",
        ),
        "way": Limit(
            TRAVEL,
            "way of all steps: relative update of a weight, times steps",
            "Zoo, calibration half: at most 0.06 where the rate is too small, 1.3 and more in "
            "healthy networks",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.learning.hardly:
            yield self._still(view, self.limit("explained"))
        elif view.learning.lost and view.learning.steps >= self.limit("steps"):
            yield self._lost(view)
        elif self._little(view):
            yield self._still(view, self.limit("little"))

    def _lost(self, view: RunView) -> Finding:
        seen = view.learning
        most = 1 - seen.best / seen.baseline
        return Finding(
            self.name,
            Severity.WARNING,
            f"About step {seen.best_step} {percent(most)} of the best constant answer's loss was "
            f"gone; after {seen.steps} steps {percent(max(0.0, seen.explained))} is: what was "
            "learned is lost again.",
            (),
            seen.best_step,
            {
                "share of the constant answer's loss that is gone": Evidence(
                    max(0.0, seen.explained), most * self.limit("kept"), "%"
                ),
            },
            {"unknown": 1.0},
            (
                Remedy(
                    f"look at what changes about step {seen.best_step} (learning rate, data), and "
                    "keep the weights of that time",
                    f"a loss that stays near {number(seen.best)}",
                ),
            ),
        )

    def _little(self, view: RunView) -> bool:
        """Whether the loss falls, but hardly, by steps that creep, or by nothing that inputs tell.

        A warm-up creeps, so that nothing is made of it while training goes on.
        """
        seen = view.learning
        falls = seen.status in ("learns", "slow") and seen.explained < self.limit("little")
        short = creeps(view) and view.run.finished
        by_heart = by_chance(view) and not remembers(view)
        enough = seen.steps >= self.limit("steps")
        return enough and falls and (seen.status == "slow" or short or by_heart)

    def _still(self, view: RunView, limit: float) -> Finding:
        seen, update = view.learning, view.typical_update()
        grave = seen.status == "stuck" and seen.steps >= self.limit("steps")
        evidence = {
            "share of the constant answer's loss that is gone": Evidence(
                max(0.0, seen.explained), limit, "%"
            ),
            "steps": Evidence(seen.steps, self.limit("steps")),
        }
        if not math.isnan(update):
            evidence["median relative update"] = Evidence(update)
        return Finding(
            self.name,
            Severity.FAULT if grave else Severity.WARNING,
            f"After {seen.steps} steps the loss is {number(seen.last)}; the best constant answer "
            f"gets {number(seen.baseline)}, so {percent(max(0.0, seen.explained))} of it is gone.",
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

"""`not-learning`: the loss does not fall, rises again, or falls by memorising alone."""

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
from stetho.diagnose.learning import EXPLAINED, LITTLE, LOST, Learning
from stetho.diagnose.learning import STUCK as STUCK_LIMIT
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import PATIENCE, RunView
from stetho.record import NOT_LEARNING, Evidence, Finding, Remedy, Run, Severity

NOTHING = 0.005  # share of a constant prediction's loss that rounds to 0 %


class NotLearning(AbstractRule):
    """Is the loss better than that of the best constant prediction?

    Looks at: the loss of every step, relative to the loss of the best constant prediction for the
    targets seen. For cross entropy this is the entropy of the class shares, for squared error the
    variance. A network whose loss falls to this value and stays there has learned how frequent each
    class is, but nothing from the inputs. A loss that was below this value and has lost half of the
    gain or more is reported too. If the loss is less than a quarter below this value, the rule
    checks two more things. First: how far all steps together can have moved a weight. Second:
    whether the samples of a batch agree on a direction. In the layer before the loss, the gradient
    of the weight is a sum over samples. If the layer's input contains no information about the
    targets, this sum is as large as if the gradients were assigned to the samples at random
    (agreement 1). The loss then falls by memorising alone.

    Can look like it: the first steps of a run that learns later. Adversarial or reward losses,
    which are meant to stay level (without targets the rule reports nothing). Recurrent networks
    that have not yet found the relevant inputs; their samples agree only by chance too.

    What helps: fix the finding above this one. If there is none, signal and gradient pass all
    sites, and the steps have the usual size, check the labels.
    """

    name: ClassVar[str] = NOT_LEARNING
    rank: ClassVar[int] = 90
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "explained": Limit(
            STUCK_LIMIT,
            "relative gain over the loss of the best constant prediction",
            f"Below 2 % nothing is learned; a network that learns has {EXPLAINED:.0%} or more",
        ),
        "steps": Limit(
            PATIENCE,
            "steps after which a loss that does not fall is a fault; before, nothing is reported "
            "while training runs, and a note where it falls slowly",
            "One epoch of a small data set",
        ),
        "kept": Limit(
            LOST,
            "part of the best gain that a network keeps",
            "In the zoo's calibration half, all but one of 423 healthy runs keep more than half",
        ),
        "agreement": Limit(
            AGREEMENT,
            "agreement of the samples in the layer before the loss, mean over probes (1: by "
            "chance)",
            "In the zoo's calibration half, networks with a gain below a quarter have at most "
            "1.01 with random labels. With true labels and weights of usual size they have 1.5 "
            f"or more (1.2 in batches of 8). {CERTAIN:.0f} standard errors above 1 count as "
            "agreement too",
        ),
        "little": Limit(
            LITTLE,
            "relative gain over the loss of the best constant prediction below which travel and "
            "agreement are checked",
            "In the zoo's calibration half, all but one of 59 healthy networks have more in the "
            "end",
        ),
        "way": Limit(
            TRAVEL,
            "travel of a weight: relative update, times the number of steps",
            "In the zoo's calibration half, at most 0.06 if the learning rate is too small, 1.3 "
            "or more in healthy networks",
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
            rule=self.name,
            severity=Severity.WARNING,
            message=f"About step {seen.best_step} the loss was "
            f"{percent(most)} below that of the best constant prediction; after {seen.steps} "
            f"steps it is {percent(max(0.0, seen.explained))} below.",
            sites=(),
            first_step=seen.best_step,
            evidence={
                "share of the constant answer's loss that is gone": Evidence(
                    max(0.0, seen.explained), most * self.limit("kept"), "%"
                ),
            },
            cause={"unknown": 1.0},
            remedies=(
                Remedy(
                    f"check what changes about step {seen.best_step} (learning rate, data), and "
                    "keep the weights of that step",
                    f"a loss that stays near {number(seen.best)}",
                ),
            ),
        )

    def _little(self, view: RunView) -> bool:
        """Whether the loss barely falls, by steps that are too small or by memorising alone.

        A warm-up has small steps, so they are ignored while training runs.
        """
        seen = view.learning
        falls = seen.status in ("learns", "slow") and seen.explained < self.limit("little")
        short = creeps(view) and view.run.finished
        by_heart = by_chance(view) and not remembers(view)
        enough = seen.steps >= self.limit("steps")
        return enough and falls and (seen.status == "slow" or short or by_heart)

    def _still(self, view: RunView, limit: float) -> Finding:
        seen, update = view.learning, view.typical_update()
        long = seen.steps >= self.limit("steps")
        grave = seen.status == "stuck" and long
        early = seen.status == "slow" and not long and not seen.lost
        evidence = {
            "share of the constant answer's loss that is gone": Evidence(
                max(0.0, seen.explained), limit, "%"
            ),
            "steps": Evidence(seen.steps, self.limit("steps")),
        }
        if not math.isnan(update):
            evidence["median relative update"] = Evidence(update)
        return Finding(
            rule=self.name,
            severity=Severity.FAULT if grave else Severity.NOTE if early else Severity.WARNING,
            message=f"After {seen.steps} steps the loss is {number(seen.last)}, "
            f"{_against_constant(seen.explained)} that of the best constant prediction "
            f"({number(seen.baseline)}).{_was_lower(seen)}",
            sites=(),
            first_step=seen.lost_step or 0,
            evidence=evidence,
            cause={"unknown": 1.0},
            remedies=(
                Remedy(
                    "try to overfit a single batch, and check the labels and the output layer",
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


def _was_lower(seen: Learning) -> str:
    """What is to be said of a loss that had fallen before."""
    if seen.lost_step is None:
        return ""
    return f" Before step {seen.lost_step} it was down to {number(seen.best)}."


def _against_constant(explained: float) -> str:
    """How a loss stands to the constant prediction's, of which a share is explained."""
    return f"{percent(explained)} below" if explained >= NOTHING else "no better than"

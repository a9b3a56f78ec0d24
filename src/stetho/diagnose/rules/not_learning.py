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
from stetho.record import Evidence, Finding, Optimizer, Parameter, Remedy, Run, Severity


class NotLearning(AbstractRule):
    """Is the loss better than that of the best constant answer?

    Looks at: the loss of every step, against the loss that the best constant prediction gets for
    the targets seen: the entropy of the classes' shares for cross entropy, the variance for squared
    error. A loss that falls to that value and stays has learned how often each answer comes, and
    nothing of the inputs.

    Can look like it: the first steps of a run that learns later; two players or rewards, whose
    loss is meant to hover (without targets nothing is said).

    What helps: the finding that stands above this one; without one, what the steps say. Updates
    far below or above their usual size are laid to the learning rate; weights that shrink because
    decay outweighs the gradient, to the weight decay; and where signal and gradient pass all sites
    and steps of usual size do not help, the labels are left.
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
        "decay": Limit(
            0.5,
            "part of the step that is weight decay, where the weights have shrunk to half",
            "Most of the step then follows the decay, not the loss",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        seen = view.learning
        update, decay = view.typical_update(), self._decay(view)
        cause = self._cause(update, decay)
        told = seen.status == "slow" and cause != "unknown" and update < self.limit("fast")
        if not seen.hardly and not told:
            return
        grave = seen.status == "stuck" and seen.steps >= self.limit("steps")
        evidence = {
            "share of the constant answer's loss that is gone": Evidence(
                max(0.0, seen.explained), self.limit("explained"), "%"
            ),
            "steps": Evidence(seen.steps, self.limit("steps")),
        }
        if not math.isnan(update):
            evidence["median relative update"] = Evidence(update)
        if decay > 0:
            evidence["part of the step that is weight decay"] = Evidence(
                decay, self.limit("decay"), "%"
            )
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
            (_REMEDIES[cause],),
        )

    @staticmethod
    def _decay(view: RunView) -> float:
        """Part of the step that is weight decay, median over weights that shrank to half; or 0."""
        parts = []
        for weight in view.weights:
            now, first = view.parameter_now(weight.name, "rms"), view.first_rms(weight.name)
            known = 0 <= weight.optimizer < len(view.run.optimizers)
            if known and now < 0.5 * first:
                optimizer = view.run.optimizers[weight.optimizer]
                parts.append(_part_of_decay(view, weight, optimizer))
        enough = 2 * len(parts) > len(view.weights)
        return median(parts) if enough else 0.0

    def _cause(self, update: float, decay: float) -> str:
        if decay > self.limit("decay"):
            return "weight-decay"
        if update < self.limit("slow") or update > self.limit("fast"):
            return "learning-rate"
        return "unknown"

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)


def _part_of_decay(view: RunView, weight: Parameter, optimizer: Optimizer) -> float:
    """λ|w| against the gradient; where decay is a step of its own, against the whole step."""
    size = optimizer.weight_decay * view.parameter_now(weight.name, "rms")
    if optimizer.name == "AdamW":
        step = view.parameter_now(weight.name, "update_rms")
        return min(1.0, optimizer.lr * size / step) if step > 0 else 0.0
    gradient = view.parameter_now(weight.name, "grad_rms")
    return size / (size + gradient) if size > 0 else 0.0


_REMEDIES = {
    "learning-rate": Remedy(
        "set the learning rate so that weights change by about a thousandth a step",
        "a relative update of 1e-3",
    ),
    "weight-decay": Remedy(
        "lower the weight decay a hundredfold", "weights that keep their size: 100 % of the first"
    ),
    "unknown": Remedy(
        "try to overfit a single batch, and look at the labels and the output layer",
        "a loss near 0 on one batch within a few hundred steps, if the network can learn at all",
    ),
}

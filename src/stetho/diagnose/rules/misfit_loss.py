"""`misfit-loss`: the output function does not fit the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Criterion, Evidence, Finding, Remedy, Run, Severity


class MisfitLoss(AbstractRule):
    """Does the output function fit the loss?

    Looks at: the last function before the loss, the range of its outputs, and the range of the
    targets. These determine the lowest loss that any prediction can reach. Softmax before
    cross_entropy, which applies a softmax itself, cannot reach less than ln(e + K − 1) − 1 for K
    classes. Sigmoid before binary_cross_entropy_with_logits, which applies a sigmoid itself, cannot
    reach less than 0.31 for one class and 0.69 for the other. A softmax over an axis with one entry
    gives 1 whatever the network computes; a softmax over the samples of a batch makes each
    prediction depend on the other samples. A squared error keeps the error of
    targets outside of the output's range. Outputs that a function clips to a constant for every
    sample predict nothing. If the shapes of output and targets differ, broadcasting compares each
    prediction with every target.

    Can look like it: a bounded output whose targets lie inside its bounds, as in an autoencoder of
    images. It fits and is not reported. log_softmax before cross_entropy changes nothing and is not
    reported.

    What helps: pass the plain output of the last layer to cross_entropy and
    binary_cross_entropy_with_logits. For other losses, scale the targets to the range of the
    output, or remove the output function.
    """

    name: ClassVar[str] = "misfit-loss"
    rank: ClassVar[int] = 11
    limits: ClassVar[dict[str, Limit]] = {
        "floor": Limit(
            0.05,
            "lowest loss that the output's range allows, relative to the loss of a constant "
            "prediction",
            "A network counts as learning from 10 % on; the part that cannot be learned is more "
            "than half of this",
        ),
        "severe": Limit(
            0.3,
            "the same ratio, at which the network can barely learn",
            "Six times the limit above",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for criterion in view.run.criteria:
            floor = max(_floor(criterion), self._cut_off(view, criterion))
            if criterion.broadcast or criterion.mixed or floor > self.limit("floor"):
                yield self._finding(view, criterion, floor)

    def _cut_off(self, view: RunView, criterion: Criterion) -> float:
        """Return the share of outputs that are 0 for every sample and predict nothing."""
        if criterion.behind == "relu" and self._nothing_arrives(view):
            return 1.0
        ends = [site for site in view.run.sites if site.output]
        ends = [site for site in ends if site.function.name == criterion.behind]
        shares = [view.now(site, "dead") for site in ends]
        return max((share for share in shares if not math.isnan(share)), default=0.0)

    @staticmethod
    def _nothing_arrives(view: RunView) -> bool:
        """Whether no parameter has a gradient."""
        held = [one.name for one in view.run.parameters if one.trainable]
        return bool(held) and all(view.parameter_now(name, "grad_rms") == 0 for name in held)

    def _finding(self, view: RunView, criterion: Criterion, floor: float) -> Finding:
        severe = criterion.broadcast or criterion.mixed or floor > self.limit("severe")
        told = _bounded(criterion, floor)
        if criterion.broadcast or criterion.mixed:
            told = _broadcast(criterion) if criterion.broadcast else _mixed(criterion)
        return Finding(
            rule=self.name,
            severity=max(view.severity(severe), self._least(criterion)),
            message=f"{told}.",
            sites=(),
            first_step=0,
            evidence={"lowest loss / constant answer's": Evidence(floor, self.limit("floor"), "%")},
            cause={"loss": 1.0},
            remedies=(_remedy(criterion, floor),),
        )

    def _least(self, criterion: Criterion) -> Severity:
        """A warning, however well it learns, where measured targets are out of reach."""
        missed = criterion.function == "mse_loss" and criterion.missed > self.limit("severe")
        return Severity.WARNING if missed else Severity.NOTE

    @classmethod
    def present(cls) -> Run:
        return replace(chain(4, losses=STUCK), criteria=(_after_softmax(10),))

    @classmethod
    def absent(cls) -> Run:
        plain = Criterion(function="cross_entropy", classes=10, target_low=0, target_high=9)
        return replace(chain(4, losses=LEARNS), criteria=(plain,))


def _after_softmax(classes: int) -> Criterion:
    return Criterion(
        function="cross_entropy",
        behind="softmax",
        lower=0.0,
        upper=1.0,
        classes=classes,
        broadcast=False,
        target_low=0.0,
        target_high=classes - 1.0,
    )


def _broadcast(criterion: Criterion) -> str:
    low, high = number(criterion.target_low), number(criterion.target_high)
    return (
        f"{criterion.function} receives outputs and targets of different shapes and compares each "
        f"output with all targets ({low} to {high})"
    )


def _mixed(criterion: Criterion) -> str:
    return (
        f"{criterion.function} follows {criterion.behind} over the samples of the batch (axis 0): "
        "the outputs of different samples add up to 1, so each depends on the others"
    )


def _bounded(criterion: Criterion, floor: float) -> str:
    if criterion.lower == criterion.upper:
        return (
            f"{criterion.function} follows {criterion.behind} over an axis with a single entry, "
            f"which is {number(criterion.lower)} whatever the network computes: the output is a "
            "constant"
        )
    bounds = f"lie between {number(criterion.lower)} and {number(criterion.upper)}"
    if math.isinf(criterion.upper):
        bounds = f"are never below {number(criterion.lower)}"
    if criterion.beyond > 0:
        bounds = f"{bounds}; {percent(criterion.beyond)} of the targets lie outside"
    return (
        f"{criterion.function} follows {criterion.behind}, whose outputs {bounds}: no prediction "
        f"can reach a loss below {percent(floor)} of the loss of a constant prediction"
    )


def _remedy(criterion: Criterion, floor: float) -> Remedy:
    if criterion.broadcast:
        return Remedy(
            "give output and targets the same shape (squeeze or unsqueeze one of them)",
            "a loss below 100 % of the loss of a constant prediction",
        )
    if criterion.mixed:
        return Remedy(
            f"apply {criterion.behind} over the classes (dim=1)",
            "outputs of each sample that add up to 1",
        )
    return Remedy(
        f"remove {criterion.behind} from the output",
        f"the lowest possible loss is 0 instead of {percent(floor)} of the loss of a constant "
        "prediction",
    )


BEYOND = 700.0  # e to the power of it is about the largest float


def _floor(criterion: Criterion) -> float:
    """Return the lowest mean loss within the output's bounds, relative to a constant prediction."""
    low, high = criterion.lower, criterion.upper
    if low == high:
        return 1.0
    if criterion.function == "cross_entropy" and criterion.classes > 1:
        others = criterion.classes - 1
        if criterion.behind == "softmax":
            return (math.log(math.e + others) - 1) / math.log(criterion.classes)
        return math.log1p(others * math.exp(min(low - high, BEYOND))) / math.log(criterion.classes)
    if criterion.function == "binary_cross_entropy_with_logits":
        # Half of the targets at 1, half at 0: −½ ln σ(high) − ½ ln (1 − σ(low)), against ln 2.
        return (
            0.5
            * (math.log1p(math.exp(min(-high, BEYOND))) + math.log1p(math.exp(min(low, BEYOND))))
            / math.log(2)
        )
    return _out_of_range(criterion)


def _out_of_range(criterion: Criterion) -> float:
    """Return the lowest ratio for targets spread evenly over a range R, with D beyond the bounds.

    For a squared error the distances are measured where the run has them, and not estimated.
    Squared error: ∫ d² = D³/3R, relative to R²/12. Absolute error: ∫ d = D²/2R, relative to R/4.
    """
    if criterion.function == "mse_loss" and not math.isnan(criterion.missed):
        return criterion.missed
    width = criterion.target_high - criterion.target_low
    below = min(width, max(0.0, criterion.lower - criterion.target_low))
    above = min(width, max(0.0, criterion.target_high - criterion.upper))
    if not width > 0:
        return 0.0
    if criterion.function == "mse_loss":
        return 4 * ((below / width) ** 3 + (above / width) ** 3)
    if criterion.function == "l1_loss":
        return 2 * ((below / width) ** 2 + (above / width) ** 2)
    return 0.0

"""An output function and a loss that do not belong together → `misfit-loss`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Criterion, Evidence, Finding, Remedy, Run


class MisfitLoss(AbstractRule):
    """Do the output function and the loss belong together?

    Looks at: the last function before the loss, the range of its outputs, and the range of the
    targets. From these follows the lowest loss that any answer can reach: softmax before
    cross_entropy, which has a softmax inside, cannot get under ln(e + K − 1) − 1 for K classes;
    sigmoid before binary_cross_entropy_with_logits, which has a sigmoid inside, leaves 0.31 for one
    class and 0.69 for the other; a squared error keeps what lies outside of the output's range.
    Outputs that a function cuts off for every sample answer nothing. An output and targets of
    unlike shapes are spread over each other, so that each answer is held against every target.

    Can look like it: a bounded output whose targets lie inside of its bounds, as in an
    autoencoder of images, fits and is not told; log_softmax before cross_entropy changes nothing.

    What helps: give cross_entropy and binary_cross_entropy_with_logits the plain output of the
    last layer; scale targets to what the output can reach, or leave the output plain.
    """

    name: ClassVar[str] = "misfit-loss"
    rank: ClassVar[int] = 11
    limits: ClassVar[dict[str, Limit]] = {
        "floor": Limit(
            0.05,
            "lowest loss that the output's range allows, against that of a constant answer",
            "What cannot be learned is then more than half of the 10 % from which a network "
            "counts as learning",
        ),
        "severe": Limit(0.3, "the same, where the network can hardly learn", "Six times that"),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for criterion in view.run.criteria:
            floor = max(_floor(criterion), self._cut_off(view, criterion))
            if criterion.broadcast or floor > self.limit("floor"):
                yield self._finding(view, criterion, floor)

    def _cut_off(self, view: RunView, criterion: Criterion) -> float:
        """Share of the outputs that are 0 for every sample, and so answer nothing."""
        if criterion.behind == "relu" and self._nothing_arrives(view):
            return 1.0
        ends = [site for site in view.run.sites if site.output]
        ends = [site for site in ends if site.function.name == criterion.behind]
        shares = [view.now(site, "dead") for site in ends]
        return max((share for share in shares if not math.isnan(share)), default=0.0)

    @staticmethod
    def _nothing_arrives(view: RunView) -> bool:
        """No parameter at all has a gradient: even the last bias only fails to get one behind a
        function that is flat wherever its inputs lie. So too where it is called outside of the
        network, and is no site of it.
        """
        held = [one.name for one in view.run.parameters if one.trainable]
        return bool(held) and all(view.parameter_now(name, "grad_rms") == 0 for name in held)

    def _finding(self, view: RunView, criterion: Criterion, floor: float) -> Finding:
        severe = criterion.broadcast or floor > self.limit("severe")
        return Finding(
            self.name,
            view.severity(severe),
            f"{_broadcast(criterion) if criterion.broadcast else _bounded(criterion, floor)}.",
            (),
            0,
            {"lowest loss / constant answer's": Evidence(floor, self.limit("floor"), "%")},
            {"loss": 1.0},
            (_remedy(criterion, floor),),
        )

    @classmethod
    def present(cls) -> Run:
        return replace(chain(4, losses=STUCK), criteria=(_after_softmax(10),))

    @classmethod
    def absent(cls) -> Run:
        plain = Criterion("cross_entropy", classes=10, target_low=0, target_high=9)
        return replace(chain(4, losses=LEARNS), criteria=(plain,))


def _after_softmax(classes: int) -> Criterion:
    return Criterion("cross_entropy", "softmax", 0.0, 1.0, classes, False, 0.0, classes - 1.0)


def _broadcast(criterion: Criterion) -> str:
    low, high = number(criterion.target_low), number(criterion.target_high)
    return (
        f"{criterion.function} gets outputs and targets of unlike shapes and holds each output "
        f"against all targets ({low} to {high})"
    )


def _bounded(criterion: Criterion, floor: float) -> str:
    bounds = f"lie between {number(criterion.lower)} and {number(criterion.upper)}"
    if math.isinf(criterion.upper):
        bounds = f"are never under {number(criterion.lower)}"
    return (
        f"{criterion.function} follows {criterion.behind}, whose outputs {bounds}: no answer gets "
        f"a loss under {percent(floor)} of what a constant one gets"
    )


def _remedy(criterion: Criterion, floor: float) -> Remedy:
    if criterion.broadcast:
        return Remedy(
            "give output and targets the same shape (squeeze or unsqueeze one of them)",
            "a loss under 100 % of the constant answer's",
        )
    return Remedy(
        f"take {criterion.behind} off the output",
        f"the lowest loss is 0 instead of {percent(floor)} of the constant answer's",
    )


BEYOND = 700.0  # e to the power of it is about the largest float


def _floor(criterion: Criterion) -> float:
    """The lowest mean loss that the output's bounds allow, against that of a constant answer."""
    low, high = criterion.lower, criterion.upper
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
    """For targets spread evenly over their range R, of which D lies beyond the output's bounds.

    Squared error: ∫ d² = D³/3R, against R²/12. Absolute error: ∫ d = D²/2R, against R/4.
    """
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

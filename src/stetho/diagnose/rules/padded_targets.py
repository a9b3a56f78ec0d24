"""`padded-targets`: the loss is an average over padding for the most part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, chain
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Criterion, Evidence, Finding, Remedy, Run, Severity


class PaddedTargets(AbstractRule):
    """Is the loss an average over what is to be learned?

    Looks at: class numbers that a cross-entropy loss is given for the positions of sequences
    (samples × positions), and how many of them stand in a run of one and the same class that ends
    its row. That is padding: it is learned in a few steps, the loss falls, and the gradient of the
    rest is divided by the number of all positions.

    Can look like it: sequences that really end in one class, as silence does in speech.

    What helps: `ignore_index` of the loss, batches of sequences of similar length, or rows that are
    cut to the longest of their batch.
    """

    name: ClassVar[str] = "padded-targets"
    rank: ClassVar[int] = 12
    unseen_by_loss: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "tail": Limit(
            0.5,
            "share of the targets in runs of one class that end their rows",
            "From here on the loss is padding for the most part",
        ),
        "severe": Limit(
            0.75,
            "the same share, from which it is a warning",
            "The gradient of what is to be learned is a quarter of what it would be",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for criterion in view.run.criteria:
            if criterion.tail > self.limit("tail") and criterion.target_low < criterion.target_high:
                yield self._finding(view, criterion)

    def _finding(self, view: RunView, criterion: Criterion) -> Finding:
        severe = criterion.tail > self.limit("severe")
        least = Severity.WARNING if severe else Severity.NOTE
        return Finding(
            rule=self.name,
            severity=max(least, view.severity(severe)) if severe else least,
            message=f"{percent(criterion.tail)} of the {criterion.targets:,.0f} targets of "
            f"{criterion.function} stand in runs of one class that end their rows: the loss is an "
            f"average over padding, and the gradient of the rest is divided by "
            f"{number(1 / (1 - criterion.tail))}.",
            first_step=0,
            evidence={"targets at the ends": Evidence(criterion.tail, self.limit("tail"), "%")},
            cause={"input": 1.0},
            remedies=(
                Remedy(
                    "pass the padding's class to the loss as ignore_index, or cut rows to the "
                    "longest of their batch",
                    "a loss of what is to be learned alone; it will be higher at first",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return replace(chain(4, losses=LEARNS), criteria=(_ending(0.9),))

    @classmethod
    def absent(cls) -> Run:
        return replace(chain(4, losses=LEARNS), criteria=(_ending(0.2),))


def _ending(tail: float) -> Criterion:
    return Criterion(
        function="cross_entropy",
        classes=28,
        direct=True,
        targets=6000.0,
        tail=tail,
        target_low=0.0,
        target_high=27.0,
    )

"""`constant-targets`: all targets are one class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, chain
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Criterion, Evidence, Finding, Remedy, Run, Severity


class ConstantTargets(AbstractRule):
    """Do the targets differ?

    Looks at: all class numbers that a cross-entropy loss was given in the probes, where a layer
    makes the scores. If all are one class, the loss falls to 0 without a look at the input.

    Can look like it: contrastive losses, whose right answer always stands in the first place. Their
    scores are no layer's output, and are not judged. Batches of a sorted data set: other classes
    come later.

    What helps: look at how the labels are made: a class number that counts from the wrong end, a
    column that is always 0, a background class that has the number of the only object.
    """

    name: ClassVar[str] = "constant-targets"
    rank: ClassVar[int] = 2
    ends: ClassVar[bool] = True
    unseen_by_loss: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "targets": Limit(
            100,
            "targets that are all one class",
            "Of two classes of which one has a share of 5 %, 100 drawn targets miss it in 1 case "
            "of 170",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for criterion in () if view.is_check else view.run.criteria:
            same = criterion.target_low == criterion.target_high
            enough = criterion.targets >= self.limit("targets")
            if criterion.classes > 1 and criterion.direct and same and enough:
                yield self._finding(criterion)

    def _finding(self, criterion: Criterion) -> Finding:
        return Finding(
            rule=self.name,
            severity=Severity.FAULT,
            message=f"All {criterion.targets:,.0f} targets of {criterion.function} are class "
            f"{criterion.target_low:.0f} of {criterion.classes}: the loss falls to 0 without a "
            "look at the input.",
            first_step=0,
            evidence={"targets": Evidence(criterion.targets, self.limit("targets"))},
            cause={"labels": 1.0},
            remedies=(
                Remedy(
                    "look at how the labels are made, and at a batch of them",
                    "targets of at least 2 classes",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return replace(chain(4, losses=LEARNS), criteria=(_seen(3.0),))

    @classmethod
    def absent(cls) -> Run:
        return replace(chain(4, losses=LEARNS), criteria=(_seen(9.0),))


def _seen(high: float) -> Criterion:
    return Criterion(
        function="cross_entropy",
        classes=10,
        direct=True,
        targets=600.0,
        target_low=3.0,
        target_high=high,
    )

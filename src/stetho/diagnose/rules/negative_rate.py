"""`negative-rate`: the learning rate is below 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run


class NegativeRate(AbstractRule):
    """Is the learning rate above 0?

    Looks at: the learning rate of each optimizer in each probe. Below 0, every step goes up the
    gradient, and the loss rises.

    Can look like it: training that raises a loss on purpose, by a negative rate in place of
    `maximize=True`.

    What helps: check the schedule: its number of steps or epochs is smaller than the training's,
    or it is stepped once a batch where it expects once an epoch.
    """

    name: ClassVar[str] = "negative-rate"
    rank: ClassVar[int] = 2
    ends: ClassVar[bool] = True
    breaks: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "rate": Limit(0.0, "learning rate", "A step against the gradient lowers the loss"),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        below = [probe for probe in view.probes if min(probe.lr, default=0.0) < 0]
        if below and not view.is_check:
            yield self._finding(view, below[0], below[-1])

    def _finding(self, view: RunView, first: Probe, last: Probe) -> Finding:
        lowest = min(last.lr)
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message=f"The learning rate is negative from step {first.step} on "
            f"({number(min(first.lr))}, later {number(lowest)}): every step goes up the gradient.",
            first_step=first.step,
            evidence={"learning rate": Evidence(lowest, self.limit("rate"))},
            cause={"learning-rate": 1.0},
            remedies=(
                Remedy(
                    "give the schedule the number of steps or epochs that the training has",
                    "a learning rate that ends at 0 or above",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        run = chain(4, losses=STUCK)
        return replace(run, probes=tuple(replace(p, lr=(0.1 - p.step / 1e3,)) for p in run.probes))

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)

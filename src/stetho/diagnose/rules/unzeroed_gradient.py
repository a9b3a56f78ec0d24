"""Gradients that are still there when the next backward pass begins → `unzeroed-gradient`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RECENT, RunView
from stetho.record import Evidence, Finding, Parameter, ParameterStats, Probe, Remedy, Run


class UnzeroedGradient(AbstractRule):
    """Does each step use the gradient of its own batch alone?

    Looks at: what lies in the parameters' gradients when the backward pass of a step begins,
    against what the optimizer then uses. After a step gradients should be set to zero or to None;
    if they are not, each step takes the sum over all batches since the start. Of several backward
    passes in one step that add up on purpose, the first finds nothing; that one counts.

    Can look like it: gradients that are kept and made smaller on purpose, as a momentum by hand.

    What helps: `optimizer.zero_grad()` in every step, before the backward pass or after the step.
    """

    name: ClassVar[str] = "unzeroed-gradient"
    rank: ClassVar[int] = 9  # before numbers that are none: sums of gradients grow until they are
    limits: ClassVar[dict[str, Limit]] = {
        "left": Limit(
            0.1,
            "gradient that was there before the backward pass, against the one used; median",
            "It is exactly 0 where gradients are zeroed; sums of two batches have about 0.7",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        shares = [self._share(view, weight) for weight in view.weights]
        shares = [share for share in shares if not math.isnan(share)]
        if shares and median(shares) > self.limit("left"):
            yield self._finding(view, median(shares))

    @staticmethod
    def _share(view: RunView, weight: Parameter) -> float:
        """Now; in a run that has diverged, while there still were numbers."""
        seen = (one.left_rms / one.grad_rms for one in view.history(weight.name) if one.grad_rms)
        known = [share for share in seen if math.isfinite(share)]
        return median(known[-RECENT:]) if known else math.nan

    def _finding(self, view: RunView, share: float) -> Finding:
        def stands(probe: Probe) -> bool:
            known = [probe.parameters[w.name] for w in view.weights if w.name in probe.parameters]
            return any(map(_is_left, known)) or all(math.isnan(one.left_rms) for one in known)

        return Finding(
            self.name,
            view.severity(severe=True),
            f"When a backward pass begins, {percent(share)} of the gradient that the step will use "
            f"is there already (median of {len(view.weights)} weights): gradients of earlier "
            "batches are never set to zero.",
            tuple(weight.name for weight in view.weights),
            view.since(stands),
            {"gradient left over / used": Evidence(share, self.limit("left"), "%")},
            {"zero-grad": 1.0},
            (
                Remedy(
                    "call optimizer.zero_grad() in every step",
                    "0 % left over: each step follows its own batch",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, parameter={"left_rms": 9e-4})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS, parameter={"left_rms": 0.0})


def _is_left(stats: ParameterStats) -> bool:
    return stats.left_rms > 0

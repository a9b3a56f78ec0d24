"""`unzeroed-gradient`: gradients of earlier batches remain when a backward pass starts."""

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

    Looks at: the parameters' gradients when the backward pass of a step starts, relative to the
    gradients that the optimizer then uses. After a step, gradients should be set to zero or to
    None. Otherwise each step uses the sum over all batches since the start. If several backward
    passes of one step accumulate on purpose, the first one counts.

    Can look like it: gradients that are kept and scaled down on purpose, as a manual momentum.

    What helps: call `optimizer.zero_grad()` in every step, before the backward pass or after the
    optimizer step.
    """

    name: ClassVar[str] = "unzeroed-gradient"
    rank: ClassVar[int] = (
        9  # before non-finite values: accumulated gradients grow until they overflow
    )
    limits: ClassVar[dict[str, Limit]] = {
        "left": Limit(
            0.1,
            "gradient present before the backward pass relative to the gradient used, median",
            "The value is exactly 0 if gradients are set to zero; sums over two batches have "
            "about 0.7",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        shares = [self._share(view, weight) for weight in view.weights]
        shares = [share for share in shares if not math.isnan(share)]
        if shares and median(shares) > self.limit("left"):
            yield self._finding(view, median(shares))

    @staticmethod
    def _share(view: RunView, weight: Parameter) -> float:
        """Return the current value; in a run that diverged, the last finite one."""
        seen = (one.left_rms / one.grad_rms for one in view.history(weight.name) if one.grad_rms)
        known = [share for share in seen if math.isfinite(share)]
        return median(known[-RECENT:]) if known else math.nan

    def _finding(self, view: RunView, share: float) -> Finding:
        def stands(probe: Probe) -> bool:
            known = [probe.parameters[w.name] for w in view.weights if w.name in probe.parameters]
            return any(map(_is_left, known)) or all(math.isnan(one.left_rms) for one in known)

        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message="Gradients of earlier batches are never set to zero: when a backward pass "
            "starts, "
            f"{percent(share)} of the gradient that the step will use is already there (median "
            f"over {len(view.weights)} weights).",
            sites=tuple(weight.name for weight in view.weights),
            first_step=view.since(stands),
            evidence={"gradient left over / used": Evidence(share, self.limit("left"), "%")},
            cause={"zero-grad": 1.0},
            remedies=(
                Remedy(
                    "call optimizer.zero_grad() in every step",
                    "0 % left over: each step uses the gradient of its own batch",
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

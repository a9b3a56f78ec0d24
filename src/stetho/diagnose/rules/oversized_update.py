"""`oversized-update`: optimizer steps are too large relative to the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose import steps
from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Parameter, Remedy, Run


class OversizedUpdate(AbstractRule):
    """Are the optimizer's steps too large relative to the weights?

    Looks at: relative updates, rms(update) / rms(weight); about 1e-3 is usual. The rule takes the
    median over all weights in each probe, and the largest of these medians. A step as large as the
    weight replaces what the weight had learned. One such step can kill or saturate units
    permanently, so later steps are small again. The blame is divided by orders of magnitude. Under
    plain gradient descent, data above unit scale and weights above their gain enlarge the gradient;
    the rest is attributed to the learning rate.

    Can look like it: the first steps of Adam, which are as large as the learning rate regardless of
    the gradient, and weights initialised with 0. In a network that trains well, the median stays
    below the limit in both cases. A step of LBFGS is a whole search of many iterations; the rule
    does not judge it.

    What helps: use a lower learning rate or a warm-up, or clip the gradient. Call
    `optimizer.zero_grad()` in every step; without it, gradients accumulate.
    """

    name: ClassVar[str] = "oversized-update"
    rank: ClassVar[int] = 14
    breaks: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "update": Limit(
            steps.LARGE,
            "largest relative update of any probe, median over weights",
            "Healthy networks in the zoo's calibration half have up to 0.20, in the first steps "
            "of RMSProp",
        ),
        "severe": Limit(
            1.0,
            "an update as large as the weight",
            "Such an update replaces what the weight had learned",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        peaks = {probe.step: steps.typical(view, probe) for probe in view.probes}
        peaks = {step: value for step, value in peaks.items() if not math.isnan(value)}
        if _many_in_one(view):
            return
        worst = max(peaks, key=lambda step: peaks[step], default=None)
        if worst is not None and peaks[worst] > self.limit("update"):
            yield self._finding(view, view.weights, peaks, worst)

    def _finding(
        self,
        view: RunView,
        weights: Sequence[Parameter],
        peaks: dict[int, float],
        worst: int,
    ) -> Finding:
        peak, now = peaks[worst], view.typical_update()
        onset = min(step for step, value in peaks.items() if value > self.limit("update"))
        return Finding(
            rule=self.name,
            severity=view.severity(peak > self.limit("severe")),
            message=f"At step {worst} the weights change by {percent(peak)} of their size "
            f"(median over "
            f"{len(weights)} weights); about 0.1 % is usual.",
            sites=tuple(parameter.name for parameter in weights),
            first_step=onset,
            evidence={
                "largest relative update": Evidence(peak, self.limit("update")),
                "relative update in the end": Evidence(now),
            },
            cause=steps.blame(view),
            remedies=(
                Remedy(
                    f"divide the learning rate by {number(_tens(peak / 1e-2))}, or add a warm-up",
                    "relative updates of 1 % or less",
                ),
                Remedy(
                    "clip the gradient norm at 1",
                    "under plain gradient descent, steps of at most the learning rate times 1",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, parameter={"update_rms": 0.2, "rms": 0.1})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)


def _many_in_one(view: RunView) -> bool:
    """Whether each step is a whole search: LBFGS takes many iterations in one."""
    return bool(view.run.optimizers) and all(one.name == "LBFGS" for one in view.run.optimizers)


def _tens(ratio: float) -> float:
    """Return the next power of ten."""
    return 10.0 ** min(300, math.ceil(math.log10(ratio))) if math.isfinite(ratio) else ratio

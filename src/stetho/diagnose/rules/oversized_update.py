"""Steps that are large against the weights that they change → `oversized-update`."""

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
    """Are the optimizer's steps too large for the weights that they change?

    Looks at: relative updates, rms(update) / rms(weight), of which about 1e-3 is usual: in each
    probe the median over all weights, and of these the largest. A step of the weight's own size
    replaces what it had learned, and one such step can kill units or saturate them for good, so
    that later steps are small again. The blame is shared by orders of magnitude: under plain
    gradient descent what data above unit scale and weights above their gain put on the gradient;
    the rest is the learning rate's.

    Can look like it: the first steps of Adam, which are as large as the learning rate whatever the
    gradient is, and weights that begin at 0; neither exceeds the limit in the median of a network
    that trains well.

    What helps: a lower learning rate, a warm-up, clipping; `optimizer.zero_grad()` in every step,
    without which gradients add up.
    """

    name: ClassVar[str] = "oversized-update"
    rank: ClassVar[int] = 14
    limits: ClassVar[dict[str, Limit]] = {
        "update": Limit(
            steps.LARGE,
            "largest relative update of any probe, median over weights",
            "Healthy networks of the zoo's calibration half have up to 0.20, in the first steps "
            "of RMSProp",
        ),
        "severe": Limit(
            1.0,
            "an update as large as the weight that it changes",
            "It replaces what had been learned",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        peaks = {probe.step: steps.typical(view, probe) for probe in view.probes}
        peaks = {step: value for step, value in peaks.items() if not math.isnan(value)}
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
            self.name,
            view.severity(peak > self.limit("severe")),
            f"At step {worst} the weights change by {percent(peak)} of their own size (median of "
            f"{len(weights)} weights); about 0.1 % is usual.",
            tuple(parameter.name for parameter in weights),
            onset,
            {
                "largest relative update": Evidence(peak, self.limit("update")),
                "relative update in the end": Evidence(now),
            },
            steps.blame(view),
            (
                Remedy(
                    f"lower the learning rate {number(_tens(peak / 1e-2))}-fold, or warm it up",
                    "relative updates of 1 % and less",
                ),
                Remedy(
                    "clip the gradient's norm at 1",
                    "steps of plain gradient descent of at most the learning rate times 1",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, parameter={"update_rms": 0.2, "rms": 0.1})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)


def _tens(ratio: float) -> float:
    """The next power of ten."""
    return 10.0 ** min(300, math.ceil(math.log10(ratio))) if math.isfinite(ratio) else ratio

"""`undersized-update`: all optimizer steps are too small to train the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.learning import EXPLAINED
from stetho.diagnose.phrases import number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView, relative
from stetho.record import Evidence, Finding, Parameter, Probe, Remedy, Run, Severity


class UndersizedUpdate(AbstractRule):
    """Are the optimizer's steps large enough to train any weight?

    Looks at: the largest relative update, rms(update) / rms(weight), of all weights that a gradient
    reaches; about 1e-3 is usual. If even the fastest weight barely changes, the depth is not the
    cause: a vanishing gradient leaves the last layers at their usual speed.

    Can look like it: the start of a warm-up, the end of a learning-rate schedule, or a network that
    has converged. A network that has learned something gets a note at most.

    What helps: use a higher learning rate, or a higher limit for gradient clipping.
    """

    name: ClassVar[str] = "undersized-update"
    rank: ClassVar[int] = 13
    limits: ClassVar[dict[str, Limit]] = {
        "update": Limit(
            5e-5,
            "relative update of the fastest weight",
            "In the zoo's calibration half, networks that learn have at least 2.1e-4. At 5e-5, "
            "weights change by half a percent in 100 steps",
        ),
        "passing": Limit(
            1e-3,
            "gradient at the first site relative to the last; below this value the rule reports "
            "nothing",
            "The limit of vanishing-gradient, which is then the cause",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        fastest = max(view.weights, key=lambda weight: self._pace(view, weight), default=None)
        if fastest is None or view.is_check or view.learning.status == "diverged":
            return
        if 0 < self._pace(view, fastest) < self.limit("update") and self._passes(view):
            yield self._finding(view, fastest)

    def _passes(self, view: RunView) -> bool:
        """Whether the gradient reaches the first site; else the steps are small because it is
        small.
        """
        spans = [view.span(model) for model in view.models if len(model) > 1]
        return all(span is not None and span.total > self.limit("passing") for span in spans)

    @staticmethod
    def _pace(view: RunView, weight: Parameter) -> float:
        """Return the current relative update; 0 if no gradient arrives."""
        update = view.relative_update(weight.name)
        moved = view.parameter_now(weight.name, "grad_rms") > 0 and not math.isnan(update)
        return update if moved else 0.0

    def _finding(self, view: RunView, fastest: Parameter) -> Finding:
        pace = self._pace(view, fastest)

        def stands(probe: Probe) -> bool:
            there = probe.parameters.get(fastest.name)
            return there is not None and relative(there) < self.limit("update")

        times = number(10.0 ** min(300, round(math.log10(1e-3) - math.log10(pace))))
        still = view.learning.status == "learns" and view.learning.explained < EXPLAINED
        severity = Severity.WARNING if still else view.severity(severe=True)
        return Finding(
            rule=self.name,
            severity=severity,
            message=f"No weight changes by more than {number(pace)} of its size per step (the "
            f"fastest is "
            f"{fastest.name}); about 0.001 is usual.",
            sites=(fastest.name,),
            first_step=view.since(stands),
            evidence={
                "relative update of the fastest weight": Evidence(pace, self.limit("update"))
            },
            cause={"learning-rate": 1.0},
            remedies=(
                Remedy(
                    f"multiply the learning rate by {times}, or raise the limit of gradient "
                    "clipping",
                    "relative updates near 1e-3",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, parameter={"rms": 0.1, "update_rms": 1e-8})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)

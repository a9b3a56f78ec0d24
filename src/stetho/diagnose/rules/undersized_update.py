"""Steps so small that no weight gets anywhere → `undersized-update`."""

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
    """Does any weight take steps that lead somewhere?

    Looks at: the largest relative update, rms(update) / rms(weight), of all weights that a
    gradient reaches; about 1e-3 is usual. If the fastest weight creeps, depth is not to blame: a
    gradient that vanishes on its way leaves the last layers at their usual pace.

    Can look like it: a warm-up that has not begun yet, the end of a learning-rate schedule, a
    network that has converged; a network that has learned something gets a note at most.

    What helps: a higher learning rate, a higher limit for clipping.
    """

    name: ClassVar[str] = "undersized-update"
    rank: ClassVar[int] = 13
    limits: ClassVar[dict[str, Limit]] = {
        "update": Limit(
            5e-5,
            "relative update of the fastest weight",
            "Zoo, calibration half: networks that learn have at least 2.1e-4; at 5e-5 weights "
            "change by half a percent in a hundred steps",
        ),
        "passing": Limit(
            1e-3,
            "gradient at the first site against the last, under which this rule is silent",
            "The limit of vanishing-gradient, which then is the cause",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        fastest = max(view.weights, key=lambda weight: self._pace(view, weight), default=None)
        if fastest is None or view.is_check or view.learning.status == "diverged":
            return
        if 0 < self._pace(view, fastest) < self.limit("update") and self._passes(view):
            yield self._finding(view, fastest)

    def _passes(self, view: RunView) -> bool:
        """Whether the gradient comes through: else steps are small because it is."""
        spans = [view.span(model) for model in view.models if len(model) > 1]
        return all(span is not None and span.total > self.limit("passing") for span in spans)

    @staticmethod
    def _pace(view: RunView, weight: Parameter) -> float:
        """Relative update now; 0 where no gradient arrives."""
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
            self.name,
            severity,
            f"No weight changes by more than {number(pace)} of its size in a step "
            f"({fastest.name}); about 0.001 is usual.",
            (fastest.name,),
            view.since(stands),
            {"relative update of the fastest weight": Evidence(pace, self.limit("update"))},
            {"learning-rate": 1.0},
            (
                Remedy(
                    f"raise the learning rate {times}-fold, or the limit of clipping",
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

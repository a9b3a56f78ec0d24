"""`lost-gradient`: backward gives a gradient, but it is gone when the optimizer steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.starving import FEWEST_PROBES, reached, starves
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Remedy, Run, Site


class LostGradient(AbstractRule):
    """Is the gradient that backward computes still there when the optimizer steps?

    Looks at: the gradient at the hidden sites, which shows that backward passed through the
    network, and the gradients of all weights when the optimizer steps. If no weight has one then,
    and no step moves a weight, the gradients were set to zero or replaced in between.

    Can look like it: an optimizer that is given a closure computes its gradients inside of the
    step. Its steps move the weights, so it is not reported.

    What helps: call `optimizer.zero_grad()` before `loss.backward()` or after `optimizer.step()`,
    never between the two.
    """

    name: ClassVar[str] = "lost-gradient"
    rank: ClassVar[int] = 4
    limits: ClassVar[dict[str, Limit]] = {
        "probes": Limit(
            FEWEST_PROBES,
            "probes in which no weight had a gradient when its optimizer stepped",
            "Optimizers that take turns step in some probes only",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.is_check or not all(starves(view, weight) for weight in view.weights):
            return
        if not all(math.isnan(rate) or rate == 0 for rate in self._updates(view)):
            return
        site = reached(view, view.weights)
        if site is not None:
            yield self._finding(view, site)

    @staticmethod
    def _updates(view: RunView) -> list[float]:
        return [view.largest_update(weight.name) for weight in view.weights]

    def _finding(self, view: RunView, site: Site) -> Finding:
        gradient, probes = view.now(site, "down_rms"), len(view.history(view.weights[0].name))
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message=f"Backward gives a gradient (rms {number(gradient)} at {site.name}), but no "
            "weight has one when the optimizer steps: it is set to zero or replaced in between.",
            sites=(site.name,),
            first_step=0,
            evidence={
                "gradient at the site": Evidence(gradient, 0.0),
                "probes": Evidence(probes, self.limit("probes")),
            },
            cause={"zero-grad": 1.0},
            remedies=(
                Remedy(
                    "call optimizer.zero_grad() before loss.backward() or after optimizer.step(), "
                    "never between the two",
                    "relative updates near 1e-3",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, parameter={"grad_rms": 0.0, "update_rms": 0.0})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)

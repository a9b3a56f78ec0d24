"""`unused-weights`: an optimizer holds weights that take no part in the forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import percent, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.starving import FEWEST_PROBES, unused
from stetho.diagnose.view import RunView
from stetho.record import NAN, Evidence, Finding, Parameter, Remedy, Run


class UnusedWeights(AbstractRule):
    """Does every weight that an optimizer holds take part in the forward pass?

    Looks at: weights that an optimizer holds, that never get a gradient, and that no layer was seen
    to use. A module was made in `__init__` and is not called in `forward`: an embedding of
    positions that is not added, a skip connection that is not taken, a head of another task.

    Can look like it: networks with parts for several tasks. One that learns gets a note.

    What helps: call the module in `forward`, or remove it.
    """

    name: ClassVar[str] = "unused-weights"
    rank: ClassVar[int] = 13
    limits: ClassVar[dict[str, Limit]] = {
        "probes": Limit(
            FEWEST_PROBES,
            "probes in which no gradient has arrived",
            "Optimizers that take turns step in some probes only",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        idle = [one for one in view.weights if one.trainable and unused(view, one)]
        if idle and len(idle) < len(view.weights) and not view.is_check:
            yield self._finding(view, idle)

    def _finding(self, view: RunView, idle: Sequence[Parameter]) -> Finding:
        names = tuple(parameter.name for parameter in idle)
        share = len(names) / len(view.weights)
        return Finding(
            rule=self.name,
            severity=view.severity(severe=False),
            message=f"{some(names)}: no layer of the forward pass uses "
            f"{'these weights' if len(names) > 1 else 'this weight'} ({percent(share)} of the "
            "weights that optimizers hold).",
            sites=names,
            first_step=0,
            evidence={
                "probes": Evidence(len(view.history(names[0])), self.limit("probes")),
                "unused weights": Evidence(share, unit="%"),
            },
            cause={"operation": 1.0},
            remedies=(
                Remedy(
                    f"call {names[0].rpartition('.')[0] or names[0]} in forward, or remove it",
                    "a gradient above 0 at every weight",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        run = chain(4, losses=STUCK)
        spare = replace(run.parameters[0], name="positions.weight")
        probes = []
        for probe in run.probes:
            stats = replace(probe.parameters[run.parameters[0].name], grad_rms=NAN, update_rms=0.0)
            probes.append(replace(probe, parameters={**probe.parameters, spare.name: stats}))
        return replace(run, parameters=(*run.parameters, spare), probes=tuple(probes))

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)

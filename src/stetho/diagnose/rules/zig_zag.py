"""`zig-zag`: consecutive updates point in opposite directions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import normalised, number, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Parameter, Probe, Remedy, Run


class ZigZag(AbstractRule):
    """Does each step undo the previous step?

    Looks at: the cosine between the updates of two consecutive steps, for each weight. The median
    over all weights is judged. Steps that overshoot a valley come back, so their cosine approaches
    −1. The blame is divided between the learning rate and the mean of the layers' inputs, which
    makes the valley steep in one direction (LeCun et al. 1998). The mean is attributed to the
    function before the layer, or to the data if the layer reads the data.

    Can look like it: gradients of small batches, which are mostly noise. Their cosine is near 0,
    above the limit.

    What helps: use a lower learning rate, replace a high learning rate with momentum, or use
    centred inputs and activation functions.
    """

    name: ClassVar[str] = "zig-zag"
    rank: ClassVar[int] = 48
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "cosine": Limit(
            -0.75,
            "cosine between consecutive updates, median over weights",
            "Three quarters of a step undo the previous step. All but one of the networks in the "
            "zoo's calibration half that learn are above −0.4; that one has −0.70",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        weights = view.weights
        cosines = {p.name: view.parameter_now(p.name, "update_cosine") for p in weights}
        known = {name: value for name, value in cosines.items() if not math.isnan(value)}
        if known and median(known.values()) < self.limit("cosine"):
            yield self._finding(view, weights, known)

    def _finding(
        self, view: RunView, weights: Sequence[Parameter], cosines: dict[str, float]
    ) -> Finding:
        cosine = median(cosines.values())
        against = [name for name, value in cosines.items() if value < self.limit("cosine")]
        worst = min(cosines, key=lambda name: cosines[name])

        def stands(probe: Probe) -> bool:
            there = probe.parameters.get(worst)
            value = math.nan if there is None else there.update_cosine
            return math.isnan(value) or value < self.limit("cosine")

        update = view.typical_update()
        return Finding(
            rule=self.name,
            severity=view.severity(severe=False),
            message=f"Consecutive updates undo each other in {some(against)}: their cosine is "
            f"{number(cosine)} (median over {len(cosines)} weights; {number(cosines[worst])} in "
            f"{worst}).",
            sites=tuple(against),
            first_step=view.since(stands),
            evidence={
                "cosine of neighbouring updates": Evidence(cosine, self.limit("cosine")),
                "median relative update": Evidence(update),
            },
            cause=self._blame(view, against),
            remedies=(
                Remedy(
                    "divide the learning rate by 10",
                    "steps that stay on one side of the valley, with a cosine near 0 or above",
                ),
            ),
        )

    @staticmethod
    def _blame(view: RunView, against: Sequence[str]) -> dict[str, float]:
        """Attribute the mean's part of the input's second moment to its source, the rest to the
        rate.
        """
        parts = {"learning-rate": 0.0, "function": 0.0, "input": 0.0}
        for layer in view.run.layers:
            if layer.weight in against:
                rms = view.layer_now(layer.name, "x_rms")
                mean = view.layer_now(layer.name, "x_mean")
                share = mean / rms if rms > 0 else 0.0
                part = min(1.0, share * share)
                parts["input" if layer.reads_data else "function"] += part
                parts["learning-rate"] += 1 - part
        return normalised(parts) if any(parts.values()) else {"learning-rate": 1.0}

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, parameter={"update_cosine": -0.8})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS, parameter={"update_cosine": 0.1})

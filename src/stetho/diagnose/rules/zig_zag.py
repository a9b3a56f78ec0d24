"""Neighbouring updates that point against each other → `zig-zag`."""

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
    """Does each step undo the one before?

    Looks at: the cosine between the updates of two neighbouring steps, for each weight; the
    median over all weights is judged. Steps that overshoot a valley come back: their cosine nears
    −1. The blame is shared between the learning rate and what makes the valley steep on one side
    only: the mean's part in what enters the layers (LeCun et al. 1998), laid to the function, or
    to the data where a layer reads it.

    Can look like it: gradients of small batches are noise and have a cosine near 0, which is
    above the limit.

    What helps: a lower learning rate, momentum in place of a high rate, centred inputs and
    functions.
    """

    name: ClassVar[str] = "zig-zag"
    rank: ClassVar[int] = 48
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "cosine": Limit(
            -0.75,
            "cosine between neighbouring updates, median over weights",
            "Three quarters of a step undo the one before; of the networks of the zoo's "
            "calibration half that learn all but one are above −0.4, and that one has −0.70",
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
            self.name,
            view.severity(severe=False),
            f"Neighbouring updates have a cosine of {number(cosine)} (median of {len(cosines)} "
            f"weights; {number(cosines[worst])} in {worst}): steps undo each other in "
            f"{some(against)}.",
            tuple(against),
            view.since(stands),
            {
                "cosine of neighbouring updates": Evidence(cosine, self.limit("cosine")),
                "median relative update": Evidence(update),
            },
            self._blame(view, against),
            (
                Remedy(
                    "lower the learning rate tenfold",
                    "steps that end before the valley's other side: a cosine near 0 or above",
                ),
            ),
        )

    @staticmethod
    def _blame(view: RunView, against: Sequence[str]) -> dict[str, float]:
        """The mean's part in the second moment of what enters; the rest is the learning rate's."""
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

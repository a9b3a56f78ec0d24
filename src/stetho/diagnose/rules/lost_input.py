"""`lost-input`: the last layer is given the same for all samples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, Remedy, Run


class LostInput(AbstractRule):
    """Does the last layer still see a difference between samples?

    Looks at: the input of the layer that makes the loss function's input, and which part of it
    differs between the samples of a batch. If all samples look alike there, though the activation
    functions pass what tells them apart, an operation has lost it: a mask that keeps the padding
    and drops the rest, an average or a softmax over the wrong axis, an index that always takes the
    same element, a state that is reset.

    Can look like it: batches of a single sample repeated, and functions that saturate or die, which
    `collapsed` and `dead-units` report.

    What helps: follow two different samples through `forward` and print where they become alike.
    """

    name: ClassVar[str] = "lost-input"
    rank: ClassVar[int] = 4
    limits: ClassVar[dict[str, Limit]] = {
        "varies": Limit(
            1e-4,
            "part of the last layer's input that differs between samples",
            "A thousand times the resolution of float32; healthy networks have 0.1 and more",
        ),
        "signal": Limit(
            0.05,
            "part of z that depends on the input, at any hidden site",
            "That of `collapsed`: below it the activation functions explain the loss",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.is_check or not view.learning.hardly or self._explained(view):
            return
        for layer in view.run.layers:
            if view.layer_now(layer.name, "varies") < self.limit("varies"):
                yield self._finding(view, layer, view.layer_now(layer.name, "varies"))
                return

    def _explained(self, view: RunView) -> bool:
        """Whether the data is constant, or an activation function gives a constant."""
        data = [layer for layer in view.run.layers if layer.reads_data]
        if data and all(view.layer_now(one.name, "constant_features") == 1 for one in data):
            return True
        for site in view.hidden:
            spread, offset = view.now(site, "unit_spread"), view.now(site, "unit_offset")
            size = math.hypot(spread, offset)
            if size == 0 or spread < self.limit("signal") * size or view.now(site, "dead") == 1:
                return True
        return False

    def _finding(self, view: RunView, layer: Layer, varies: float) -> Finding:
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message=f"The input of layer {layer.name} is the same for all samples of a batch "
            f"({percent(varies)} of it differs), so the output cannot depend on the input; no "
            "activation function causes this.",
            sites=(layer.name,),
            first_step=0,
            evidence={
                "part that differs between samples": Evidence(varies, self.limit("varies"), "%")
            },
            cause={"operation": 1.0},
            remedies=(
                Remedy(
                    "follow two different samples through forward: a mask, an average, a softmax "
                    f"or an index before layer {layer.name} makes them alike",
                    "more than 10 % of the last layer's input differs between samples",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return _differing(chain(4, losses=STUCK), 0.0)

    @classmethod
    def absent(cls) -> Run:
        return _differing(chain(4, losses=LEARNS), 0.6)


def _differing(run: Run, varies: float) -> Run:
    name = run.layers[-1].name
    probes = (
        replace(p, layers={**p.layers, name: replace(p.layers[name], varies=varies)})
        for p in run.probes
    )
    return replace(run, probes=tuple(probes))

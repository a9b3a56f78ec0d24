"""`no-nonlinearity`: the layers follow each other with no activation function between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, Remedy, Run, Severity


class NoNonlinearity(AbstractRule):
    """Does a non-linear function stand between the layers?

    Looks at: the operations between the data and each layer, in the graph that backward goes
    through. If all of them are affine (layers, sums, reshapes, averages, batch normalisation), the
    output is an affine function of the input, and all layers in sequence can represent no more
    than a single layer can.

    Can look like it: a linear model on purpose. One that learns gets a note.

    What helps: put an activation function, such as ReLU, between the layers.
    """

    name: ClassVar[str] = "no-nonlinearity"
    rank: ClassVar[int] = 5
    limits: ClassVar[dict[str, Limit]] = {
        "sequence": Limit(
            2,
            "layers in sequence with nothing but affine operations between them",
            "One layer is affine by itself; from two on, a function is missing between them",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        layers = [layer for layer in view.run.layers if layer.kind != "embedding"]
        if not layers or any(not site.output for site in view.run.sites):
            return
        depth = max(layer.straight for layer in layers)
        if depth >= self.limit("sequence") and all(layer.straight for layer in layers):
            yield self._finding(view, layers, depth)

    def _finding(self, view: RunView, layers: list[Layer], depth: int) -> Finding:
        seen = view.learning
        short = seen.hardly or seen.little or seen.lost or seen.status == "slow"
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True) if short else Severity.NOTE,
            message=f"No activation function stands between the layers: the output is an affine "
            f"function of the input, and {depth} layers in sequence can represent no more than "
            "one.",
            sites=tuple(layer.name for layer in layers),
            first_step=0,
            evidence={"layers in sequence": Evidence(depth, self.limit("sequence"))},
            cause={"function": 1.0},
            remedies=(
                Remedy(
                    "put an activation function, such as nn.ReLU(), between the layers",
                    "a loss below the best that a linear model reaches",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return _linear(chain(3, losses=STUCK))

    @classmethod
    def absent(cls) -> Run:
        return chain(3, losses=LEARNS)


def _linear(run: Run) -> Run:
    """The same run without sites, each layer next to the one before it."""
    layers = tuple(replace(one, straight=i + 1) for i, one in enumerate(run.layers))
    probes = tuple(replace(probe, sites={}) for probe in run.probes)
    return replace(run, sites=(), layers=layers, probes=probes)

"""`symmetric-units`: all rows of a weight start equal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import percent, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Parameter, Remedy, Run


class SymmetricUnits(AbstractRule):
    """Do the units of a layer start with different weights?

    Looks at: the weights before hidden sites in the first probe. If all rows of a weight are equal
    (all zeros, or one constant), its units compute the same output and receive the same gradient.
    Gradient descent then keeps them copies of each other, regardless of the layer's width. Weights
    of 0 also pass no gradient.

    Can look like it: the last weight of a residual branch, which may start at 0 because the sum
    bypasses it. It is left out. Different biases or dropout break the symmetry over time.

    What helps: initialise the weights at random.
    """

    name: ClassVar[str] = "symmetric-units"
    rank: ClassVar[int] = 13
    limits: ClassVar[dict[str, Limit]] = {
        "alike": Limit(
            0.999,
            "share of a weight's rows that equal the first row, at the start",
            "All rows; random rows are never equal",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        found = [weight for weight in self._hidden(view) if self._alike(view, weight)]
        if found:
            yield self._finding(view, found)

    @staticmethod
    def _hidden(view: RunView) -> list[Parameter]:
        layers = [view.layer(site.layer) for site in view.hidden if not site.residual]
        names = dict.fromkeys(layer.weight for layer in layers if layer is not None)
        weights = [view.parameter(name) for name in names]
        return [weight for weight in weights if weight is not None and weight.shape[0] > 1]

    def _alike(self, view: RunView, weight: Parameter) -> bool:
        return view.first_of(weight.name, "alike") > self.limit("alike")

    def _finding(self, view: RunView, weights: Sequence[Parameter]) -> Finding:
        first = weights[0]
        now = view.parameter_now(first.name, "alike")
        size = view.first_rms(first.name)
        what = "all 0" if size == 0 else "all equal"
        evidence = {"rows alike at the start": Evidence(1.0, self.limit("alike"), "%")}
        if not math.isnan(now):
            evidence["rows alike now"] = Evidence(now, unit="%")
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message=f"{some([weight.name for weight in weights])}: the rows start {what}, so the "
            f"{first.shape[0]} units are copies of each other ({percent(now)} of the rows still "
            "are).",
            sites=tuple(weight.name for weight in weights),
            first_step=0,
            evidence=evidence,
            cause={"weights": 1.0},
            remedies=(
                Remedy(
                    "initialise these weights at random, with the gain of their activation "
                    "function (stetho.init_)",
                    "0 % equal rows: the units differ from the first step on",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, parameter={"alike": 1.0})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS, parameter={"alike": 1 / 64})

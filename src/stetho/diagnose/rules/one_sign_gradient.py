"""`one-sign-gradient`: the gradients of all weights into a unit have one sign."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, SIGMOID, STUCK, chain
from stetho.diagnose.phrases import normalised, number, percent, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, Probe, Remedy, Run


class OneSignGradient(AbstractRule):
    """Can the weights into a unit only rise or fall together?

    Looks at: the gradient of the weights into each unit. For one sample, all of these have one sign
    if no input is negative (LeCun et al. 1998), so two weights cannot move in opposite directions
    in one step. A batch mixes signs. The rule judges the share of units whose gradients have one
    sign, as a median over the layers. It blames the function before the layer, or the data if the
    layer reads the data.

    Can look like it: batches of one or two samples, where gradients of one sign are exact and
    training still works. Few incoming weights agree by chance, so layers with fewer than 8 are left
    out.

    What helps: use a function with outputs of both signs, subtract the mean from the data, add
    normalisation between the function and the layer, or use larger batches.
    """

    name: ClassVar[str] = "one-sign-gradient"
    rank: ClassVar[int] = 44
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "share": Limit(
            0.9,
            "share of a layer's units whose gradients have one sign, median over layers",
            "In the zoo's calibration half, networks that learn have up to 0.86",
        ),
        "fan-in": Limit(
            8, "incoming weights of a unit", "Eight signs agree by chance in 2/2⁸ = 0.8 % of units"
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        shares = {layer: self._share(view, layer) for layer in view.run.layers if self._wide(layer)}
        shares = {layer: share for layer, share in shares.items() if not math.isnan(share)}
        if shares and median(shares.values()) > self.limit("share"):
            tied = [layer for layer, share in shares.items() if share > self.limit("share")]
            yield self._finding(view, tied)

    def _wide(self, layer: Layer) -> bool:
        return layer.fan_in >= self.limit("fan-in") and layer.kind != "embedding"

    @staticmethod
    def _share(view: RunView, layer: Layer) -> float:
        return view.parameter_now(layer.weight, "one_sign")

    def _finding(self, view: RunView, layers: Sequence[Layer]) -> Finding:
        worst = max(layers, key=lambda layer: view.parameter_now(layer.weight, "one_sign"))
        share = view.parameter_now(worst.weight, "one_sign")

        def stands(probe: Probe) -> bool:
            stats = probe.parameters.get(worst.weight or "")
            return stats is not None and stats.one_sign > self.limit("share")

        names = tuple(layer.name for layer in layers)
        return Finding(
            rule=self.name,
            severity=view.severity(severe=False),
            message=f"{some(names)}: in {percent(share)} of the units, the gradients of all "
            f"{worst.fan_in} incoming weights have one sign (|Σg| / Σ|g| = "
            f"{number(view.parameter_now(worst.weight, 'balance'))}).",
            sites=names,
            first_step=view.since(stands),
            evidence={
                "units with one sign": Evidence(share, self.limit("share"), "%"),
                "|Σg| / Σ|g|": Evidence(view.parameter_now(worst.weight, "balance")),
            },
            cause=self._blame(view, layers),
            remedies=(
                Remedy(
                    "use a function with outputs of both signs, or add normalisation between the "
                    "function and the layer",
                    "both signs in nearly all units (8 inputs of random sign agree in 0.8 % of "
                    "units)",
                ),
            ),
        )

    @staticmethod
    def _blame(view: RunView, layers: Sequence[Layer]) -> dict[str, float]:
        """Attribute the mean's part of the input to the function or to the data."""
        before = {name: site for site in view.run.sites for name in site.feeds}
        parts = {"function": 0.0, "input": 0.0, "unknown": 0.0}
        for layer in layers:
            rms = view.layer_now(layer.name, "x_rms")
            mean = abs(view.layer_now(layer.name, "x_mean"))
            offset = min(1.0, mean / rms) if rms > 0 else 0.0
            site = before.get(layer.name)
            whose = "input" if layer.reads_data else "function" if site else "unknown"
            parts[whose] += offset
            parts["unknown"] += 1 - offset
        return normalised(parts)

    @classmethod
    def present(cls) -> Run:
        tied = {"one_sign": 0.95, "balance": 0.97}
        inputs = {"x_mean": 0.5, "x_rms": 0.52}
        return chain(4, function=SIGMOID, losses=STUCK, parameter=tied, layer=inputs)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS, parameter={"one_sign": 0.02, "balance": 0.4})

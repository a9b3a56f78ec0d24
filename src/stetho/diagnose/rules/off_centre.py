"""`off-centre`: the input of a layer has a mean far from 0."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, SIGMOID, STUCK, TANH, chain
from stetho.diagnose.phrases import and_others, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, Probe, Remedy, Run, Severity, Site


class OffCentre(AbstractRule):
    """Does a layer receive inputs with a mean far from 0?

    Looks at: |mean| divided by the root mean square of the input of each layer that a hidden site
    feeds. 0 is centred, 1 is a constant. The layer's own input counts, so a normalisation in
    between removes the offset. The blame is divided between the function, which may never be
    negative, and the bias, which shifts z away from 0.

    Can look like it: ReLU on normal inputs, which has 0.56 and trains well. The rule reports
    nothing there.

    What helps: use a function with outputs of both signs (tanh, ELU, leaky ReLU), or add
    normalisation after the function. Inputs of one sign tie the signs of a unit's updates together
    (LeCun et al. 1998).
    """

    name: ClassVar[str] = "off-centre"
    rank: ClassVar[int] = 40
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "ratio": Limit(
            0.95,
            "|mean| / root mean square of a layer's input",
            "In the zoo's calibration half, networks that learn have up to 0.94; 1 is a constant",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        found = [(site, layer) for site, layer in self._pairs(view) if self._is_off(view, layer)]
        if found and view.learning.status != "learns":
            yield self._finding(view, found)

    @staticmethod
    def _pairs(view: RunView) -> list[tuple[Site, Layer]]:
        """Return each hidden site with the first layer that it feeds."""
        pairs = [(site, view.layer(site.feeds[0])) for site in view.hidden if site.feeds]
        return [(site, layer) for site, layer in pairs if layer is not None]

    def _ratio(self, view: RunView, layer: Layer) -> float:
        rms = view.layer_now(layer.name, "x_rms")
        return abs(view.layer_now(layer.name, "x_mean")) / rms if rms > 0 else math.nan

    def _is_off(self, view: RunView, layer: Layer) -> bool:
        return self._ratio(view, layer) > self.limit("ratio")

    def _finding(self, view: RunView, found: list[tuple[Site, Layer]]) -> Finding:
        site, layer = max(found, key=lambda pair: self._ratio(view, pair[1]))
        ratio = self._ratio(view, layer)

        def stands(probe: Probe) -> bool:
            stats = probe.layers.get(layer.name)
            return stats is not None and abs(stats.x_mean) > self.limit("ratio") * stats.x_rms

        stuck = view.learning.status in ("stuck", "diverged")
        more = and_others(len(found) - 1, "layer")
        cause = self._blame(view, [site for site, _ in found])
        return Finding(
            rule=self.name,
            severity=Severity.WARNING if stuck else Severity.NOTE,
            message=f"The input of layer {layer.name} has a mean of "
            f"{number(view.layer_now(layer.name, 'x_mean'))}, {percent(ratio)} of its root mean "
            f"square{more}.",
            sites=tuple(site.name for site, _ in found),
            first_step=view.since(stands),
            evidence={"|mean| / rms": Evidence(ratio, self.limit("ratio"))},
            cause=cause,
            remedies=(
                Remedy(
                    f"replace {site.function.name} with a function that has outputs of both signs",
                    "a ratio of 0 with tanh and about 0.2 with ELU on normal inputs",
                ),
                Remedy(
                    f"add normalisation between {site.name} and layer {layer.name}",
                    f"a ratio of 0 (currently {number(ratio)})",
                ),
            ),
        )

    @staticmethod
    def _blame(view: RunView, sites: list[Site]) -> dict[str, float]:
        """Attribute the offset of z to the bias, and the rest to the function."""
        parts = {"function": 0.0, "bias": 0.0}
        for site in sites:
            mean, std = view.now(site, "z_mean"), view.now(site, "z_std")
            share = mean / math.hypot(mean, std) if mean or std else 0.0
            moved = share * share
            one_sided = site.function.lower >= 0 or site.function.upper <= 0
            parts["bias"] += moved if one_sided else 1.0
            parts["function"] += 1 - moved if one_sided else 0.0
        return normalised(parts)

    @classmethod
    def present(cls) -> Run:
        return chain(6, function=SIGMOID, losses=STUCK, layer={"x_mean": 0.5, "x_rms": 0.51})

    @classmethod
    def absent(cls) -> Run:
        return chain(6, function=TANH, losses=LEARNS, layer={"x_mean": 0.0, "x_rms": 0.6})

"""Mean against size of what enters a layer → `off-centre`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, SIGMOID, STUCK, TANH, chain
from stetho.diagnose.phrases import normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, Probe, Remedy, Run, Severity, Site


class OffCentre(AbstractRule):
    """Does a layer see inputs far from zero mean?

    Looks at: |mean| against root mean square of everything that enters a layer fed by a hidden
    site. 0 is centred, 1 is a constant. What the layer receives counts, so a normalisation in
    between puts it right. The blame is split between the function, which may never be negative,
    and the bias that moves z off zero.

    Can look like it: ReLU on normal inputs has 0.56 and trains well; this rule is silent there.

    What helps: a function with outputs of both signs (tanh, ELU, leaky ReLU), or a normalisation
    after the function. LeCun et al. 1998: inputs of one sign tie the signs of a unit's updates.
    """

    name: ClassVar[str] = "off-centre"
    rank: ClassVar[int] = 40
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "ratio": Limit(
            0.95,
            "|mean| / root mean square of a layer's input",
            "Zoo, calibration half: up to 0.94 in networks that learn; 1 is a constant",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        found = [(site, layer) for site, layer in self._pairs(view) if self._is_off(view, layer)]
        if found and view.learning.status != "learns":
            yield self._finding(view, found)

    @staticmethod
    def _pairs(view: RunView) -> list[tuple[Site, Layer]]:
        """Each hidden site with the first layer that it feeds."""
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
        more = (
            f"; {len(found) - 1} more layer{'s' * (len(found) > 2)} too" if len(found) > 1 else ""
        )
        cause = self._blame(view, [site for site, _ in found])
        return Finding(
            self.name,
            Severity.WARNING if stuck else Severity.NOTE,
            f"What enters layer {layer.name} has a mean of "
            f"{number(view.layer_now(layer.name, 'x_mean'))}, {percent(ratio)} of its root mean "
            f"square{more}.",
            tuple(site.name for site, _ in found),
            view.since(stands),
            {"|mean| / rms": Evidence(ratio, self.limit("ratio"))},
            cause,
            (
                Remedy(
                    f"use a function with outputs of both signs in place of {site.function.name}",
                    "a ratio of 0 for tanh and about 0.2 for ELU on normal inputs",
                ),
                Remedy(
                    f"put a normalisation between {site.name} and layer {layer.name}",
                    f"a ratio of 0 instead of {number(ratio)}",
                ),
            ),
        )

    @staticmethod
    def _blame(view: RunView, sites: list[Site]) -> dict[str, float]:
        """How far z lies off its own zero is the bias's part; the rest is the function's."""
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

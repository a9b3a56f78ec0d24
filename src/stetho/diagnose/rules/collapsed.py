"""`collapsed`: different inputs give nearly the same pre-activation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, SIGMOID, STUCK, TANH, chain, with_sites
from stetho.diagnose.phrases import and_others, at, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site, SiteStats


class Collapsed(AbstractRule):
    """Do different inputs still give different activations?

    Looks at: the part of the pre-activation z that depends on the input. This is the standard
    deviation of each unit over the samples, divided by the unit's root mean square. At 1, all of z
    is signal. At 0, every sample looks the same, and no later layer can distinguish them. A
    collapsed signal is the forward counterpart of a vanishing gradient. It has three usual causes:
    weights too small for the function's slope (the ordered phase), a bounded function far from 0,
    or data that does not vary. The blame is divided by logarithms. At the first site, the parts are
    the offset of the data relative to its spread, a bias above unit scale, and a spread of z below
    unit scale. From there to the worst site, the parts are the slopes and the weights.

    Can look like it: outputs that are never negative. They point in similar directions, so their
    cosine is near 1 in healthy networks too; the cosine is shown but not judged. A residual stream
    with a large constant part also looks like a collapse.

    What helps: initialise the weights with the gain of the activation function, use functions with
    centred outputs, add batch normalisation, or add residual connections.
    """

    name: ClassVar[str] = "collapsed"
    rank: ClassVar[int] = 22
    limits: ClassVar[dict[str, Limit]] = {
        "signal": Limit(
            0.05,
            "part of z that depends on the input",
            "Only one twentieth is signal. Healthy networks in the zoo's calibration half have "
            "at least 0.42; one with a harmless bias of 4 has 0.10",
        ),
        "severe": Limit(
            1e-3,
            "part at which few layers can distinguish samples",
            "Four more digits reach the resolution of float32 (6e-8)",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for model in view.models:
            sites = [site for site in model if self._signal(self._now(view, site)) < self._limit]
            if sites and len(model) > 1:
                yield self._finding(view, model, sites)

    @property
    def _limit(self) -> float:
        return self.limit("signal")

    @staticmethod
    def _now(view: RunView, site: Site) -> SiteStats:
        return SiteStats(
            unit_offset=view.now(site, "unit_offset"), unit_spread=view.now(site, "unit_spread")
        )

    @staticmethod
    def _signal(stats: SiteStats | None) -> float:
        if stats is None or math.isnan(stats.unit_spread):
            return math.nan
        size = math.hypot(stats.unit_spread, stats.unit_offset)
        return stats.unit_spread / size if size > 0 else 0.0

    def _finding(self, view: RunView, model: Sequence[Site], sites: Sequence[Site]) -> Finding:
        worst = min(sites, key=lambda site: self._signal(self._now(view, site)))
        signal = self._signal(self._now(view, worst))

        def stands(probe: Probe) -> bool:
            return self._signal(probe.sites.get(worst.name)) < self._limit

        more = and_others(len(sites) - 1)
        cosine = view.now(worst, "a_cosine")
        alike = f"; the outputs for two samples have a cosine of {number(cosine)}"
        return Finding(
            rule=self.name,
            severity=view.severity(signal < self.limit("severe")),
            message=f"{at(worst)}: {percent(signal)} of z depends on the input; the rest is the "
            f"same for "
            f"every sample{more}{'' if math.isnan(cosine) else alike}.",  # nan: all outputs are 0
            sites=tuple(site.name for site in sites),
            first_step=view.since(stands),
            evidence={
                "part of z that depends on the input": Evidence(signal, self._limit, "%"),
                "cosine between samples": Evidence(cosine),
            },
            cause=self._blame(view, model, worst),
            remedies=(
                Remedy(
                    f"initialise the weights with the gain of {worst.function.name} "
                    "(stetho.init_), and the biases with 0",
                    "the part of z that depends on the input stays near 100 % at every depth",
                ),
                Remedy(
                    "add batch normalisation before each activation function (stetho.insert_norm)",
                    "100 % of z depends on the input, because the part common to all samples is "
                    "subtracted",
                ),
            ),
        )

    def _blame(self, view: RunView, model: Sequence[Site], worst: Site) -> dict[str, float]:
        """Return the parts lost at the first site, and to slopes and weights after it."""
        way = model[: model.index(worst) + 1]
        spreads = [self._now(view, site).unit_spread for site in way]
        parts = self._at_first(view, way[0])
        parts["slope"] = 0.0
        for site, here, there in zip(way, spreads, spreads[1:]):
            factor = view.slope(site)
            if here > 0 and there > 0 and factor > 0:
                parts["slope"] -= math.log(factor)
                parts["weights"] -= math.log(there / here / factor)
        return normalised(parts)

    def _at_first(self, view: RunView, site: Site) -> dict[str, float]:
        """Divide by logarithms: offset of the data, a bias above 1, a spread of z below 1."""
        now = self._now(view, site)
        if view.layer_now(site.layer, "constant_features") == 1:
            return {"input": 1.0, "bias": 0.0, "weights": 0.0}
        offset = view.layer_now(site.layer, "feature_offset")
        bias = view.parameter_now(site.bias, "rms")
        return {
            "input": math.log(max(1.0, offset)) if offset > 0 else 0.0,
            "bias": math.log(max(1.0, now.unit_offset)) if bias > 0.5 * now.unit_offset else 0.0,
            "weights": -math.log(min(1.0, now.unit_spread)) if now.unit_spread > 0 else 1.0,
        }

    @classmethod
    def present(cls) -> Run:
        run = chain(6, function=SIGMOID, slope=0.24, weight=0.6, losses=STUCK)
        for place in range(6):
            spread = 0.5 * 0.15**place
            run = with_sites(run, [place], unit_spread=spread, unit_offset=0.4, a_cosine=0.99)
        return run

    @classmethod
    def absent(cls) -> Run:
        spread = {"unit_spread": 1.0, "unit_offset": 0.3, "a_cosine": 0.1}
        return chain(6, function=TANH, losses=LEARNS, site=spread)

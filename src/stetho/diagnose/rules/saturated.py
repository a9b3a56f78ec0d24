"""Elements and units whose slope is almost 0 → `saturated`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose import steps
from stetho.diagnose.examples import LEARNS, STUCK, TANH, chain
from stetho.diagnose.phrases import at, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Function, Probe, Remedy, Run, Site, SiteStats


class Saturated(AbstractRule):
    """Do units sit where the slope of their activation function is almost 0?

    Looks at: the share of elements of z at which |φ'| is under 5 % of its largest value, and the
    share of units that are so for nearly all samples. Either can be the illness: wide weights
    saturate every unit, but each on other samples; a large bias saturates one unit on all. The
    blame is computed: of the saturated units, those that would not be so without their bias; for
    the rest, how far the weights and the layer's input exceed unit scale. What was not saturated
    in the first probe came with training; after large steps it is laid to the learning rate.

    Can look like it: functions that are meant to be flat on one side (ReLU and its kin) are judged
    by dead-units instead; an output function that is sure of its answer is no hidden site; late in
    a training that goes well saturation is a note at most.

    What helps: smaller weights or inputs of unit scale, normalisation before the function, a
    smaller learning rate where training made the weights large, or a function that does not
    saturate on that side.
    """

    name: ClassVar[str] = "saturated"
    rank: ClassVar[int] = 18
    limits: ClassVar[dict[str, Limit]] = {
        "elements": Limit(
            0.5,
            "share of a site's elements that are saturated",
            "Half of the elements pass under 5 % of the gradient: the site's slope factor is then "
            "at most about 0.7 of what it could be",
        ),
        "units": Limit(
            0.3,
            "share of a site's units that are saturated for more than 95 % of the samples",
            "Glorot and Bengio 2010 saw whole layers at 100 % in networks that did not learn and "
            "a few units in those that did",
        ),
        "one-sided": Limit(
            0.95,
            "share of elements on the low side of a function that saturates there by design",
            "ELU, GELU and SiLU have 10 to 50 % there in networks that train well",
        ),
        "severe": Limit(
            0.8,
            "share of elements at which hardly any gradient passes",
            "A slope factor under about 0.45",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        sites = [site for site in view.hidden if self._stands(site, self._now(view, site))]
        if sites:
            yield self._finding(view, sites)

    def _now(self, view: RunView, site: Site) -> SiteStats | None:
        if view.first(site) is None:
            return None
        return SiteStats(
            saturated_low=view.now(site, "saturated_low"),
            saturated_high=view.now(site, "saturated_high"),
            saturated_units_low=view.now(site, "saturated_units_low"),
            saturated_units_high=view.now(site, "saturated_units_high"),
        )

    def _stands(self, site: Site, stats: SiteStats | None) -> bool:
        if stats is None or not site.function.known:
            return False
        low, high = _sides(site.function)
        elements = low * stats.saturated_low + high * stats.saturated_high
        units = low * stats.saturated_units_low + high * stats.saturated_units_high
        if low + high < 2:
            return elements > self.limit("one-sided") and low + high > 0
        return elements > self.limit("elements") or units > self.limit("units")

    def _finding(self, view: RunView, sites: Sequence[Site]) -> Finding:
        worst = max(sites, key=lambda site: self._share(view, site))
        share = self._share(view, worst)
        units = view.now(worst, "saturated_units_low") + view.now(worst, "saturated_units_high")

        def stands(probe: Probe) -> bool:
            return any(self._stands(site, probe.sites.get(site.name)) for site in sites)

        low, high = view.now(worst, "saturated_low"), view.now(worst, "saturated_high")
        side = "on both sides" if min(low, high) > 0.1 else f"on the {_side(low, high)} side"
        more = f"; {len(sites) - 1} more site{'s' * (len(sites) > 2)} too" if len(sites) > 1 else ""
        cause = self._blame(view, sites)
        return Finding(
            self.name,
            view.severity(max(share, units) > self.limit("severe")),
            f"{at(worst)}: {percent(share)} of the elements are saturated {side}, "
            f"{percent(units)} of the {worst.units} units for nearly all samples{more}.",
            tuple(site.name for site in sites),
            view.since(stands),
            {
                "saturated elements": Evidence(share, self.limit("elements"), "%"),
                "saturated units": Evidence(units, self.limit("units"), "%"),
                "deviation of z": Evidence(view.now(worst, "z_std")),
            },
            cause,
            self._remedies(view, worst, cause),
        )

    @staticmethod
    def _share(view: RunView, site: Site) -> float:
        low, high = _sides(site.function)
        return low * view.now(site, "saturated_low") + high * view.now(site, "saturated_high")

    def _blame(self, view: RunView, sites: Sequence[Site]) -> dict[str, float]:
        parts = {"bias": 0.0, "weights": 0.0, "input": 0.0, "learning-rate": 0.0}
        for site in sites:
            bias = view.now(site, "saturated_by_bias")
            bias = 0.0 if math.isnan(bias) else bias
            came = self._came(view, site)
            parts["learning-rate"] += came
            parts["bias"] += (1 - came) * bias
            for name, value in self._scale_blame(view, site).items():
                parts[name] += (1 - came) * (1 - bias) * value
        return normalised(parts)

    def _came(self, view: RunView, site: Site) -> float:
        """Share of what is saturated that was not so in the first probe: it came with training."""
        first, now = view.first(site), self._share(view, site)
        if first is None or not now > 0 or not steps.peak(view) > steps.LARGE:
            return 0.0
        low, high = _sides(site.function)
        began = low * first.saturated_low + high * first.saturated_high
        return max(0.0, now - began) / now

    @staticmethod
    def _scale_blame(view: RunView, site: Site) -> dict[str, float]:
        """By logarithms: what the input, the first weights and their growth put on top of 1."""
        layer = view.layer(site.layer)
        x_rms = view.layer_now(site.layer, "x_rms")
        weight = layer.weight if layer else None
        now = view.parameter_now(weight, "rms")
        first = view.first_rms(weight)
        gain = first * math.sqrt(layer.fan_in) if layer and layer.fan_in else math.nan
        parts = {
            "input": max(0.0, math.log(x_rms)) if x_rms > 0 else 0.0,
            "weights": max(0.0, math.log(gain)) if gain > 0 else 0.0,
            "learning-rate": max(0.0, math.log(now / first)) if now > 0 and first > 0 else 0.0,
        }
        total = sum(parts.values())
        if total == 0:
            return {"weights": 1.0}
        return {name: value / total for name, value in parts.items()}

    @staticmethod
    def _remedies(view: RunView, site: Site, cause: dict[str, float]) -> tuple[Remedy, ...]:
        std = view.now(site, "z_std")
        blame = max(cause, key=lambda name: cause[name])
        do = {
            "weights": f"initialise the weights of layer {site.layer} {number(std)} times smaller",
            "input": f"scale what enters layer {site.layer} to unit deviation",
            "learning-rate": "lower the learning rate, or decay the weights",
            "bias": f"initialise the bias of layer {site.layer} at 0",
        }.get(blame, "put a batch normalisation before the function")
        return (
            Remedy(
                do,
                f"z of deviation near 1 where it is {number(std)} now: under 5 % of a normal z is "
                "then saturated in tanh, almost none in sigmoid",
            ),
            Remedy(
                "put a batch or layer normalisation before the function",
                "z keeps mean 0 and deviation 1, whatever the weights do",
            ),
        )

    @classmethod
    def present(cls) -> Run:
        wide = {"saturated_low": 0.4, "saturated_high": 0.45, "z_std": 8.0}
        return chain(6, function=TANH, slope=0.3, weight=2.0, losses=STUCK, site=wide)

    @classmethod
    def absent(cls) -> Run:
        some_are = {"saturated_low": 0.1, "saturated_high": 0.1}
        return chain(6, function=TANH, slope=0.8, weight=1.1, losses=LEARNS, site=some_are)


def _sides(function: Function) -> tuple[int, int]:
    """Whether the low and the high side count: flat sides by design do not."""
    low = function.saturates_below is not None and not _one_sided_detector(function)
    high = function.saturates_above is not None
    return int(low), int(high)


def _one_sided_detector(function: Function) -> bool:
    """ReLU and its kin: the low side means "absent", and is judged by dead-units."""
    low = function.saturates_below
    return low is not None and (
        low >= 0 or (function.flat_below is not None and function.upper > 1)
    )


def _side(low: float, high: float) -> str:
    return "low" if low >= high else "high"

"""`saturated`: the slope is almost 0 at many elements or units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose import steps
from stetho.diagnose.examples import LEARNS, STUCK, TANH, chain
from stetho.diagnose.phrases import and_others, at, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Function, Probe, Remedy, Run, Site, SiteStats


class Saturated(AbstractRule):
    """Do units operate where the slope of their activation function is almost 0?

    Looks at: the share of elements of z at which |φ'| is below 5 % of its largest value, and the
    share of units at which this holds for nearly all samples. Either can be the problem. Large
    weights saturate every unit, each on different samples. A large bias saturates one unit on all
    samples. The blame is computed. Saturated units that would not be saturated without their bias
    are attributed to the bias. For the rest, the rule measures how far the weights and the layer's
    input exceed unit scale. Saturation that was absent in the first probe came with training; after
    large steps it is attributed to the learning rate.

    Can look like it: functions that are flat on one side by design, such as ReLU; the rule
    dead-units judges these. A confident output function is not a hidden site. Late in a healthy
    training, saturation is a note at most.

    What helps: use smaller weights or inputs of unit scale, or add normalisation before the
    activation function. Use a smaller learning rate if training made the weights large. Or use a
    function that does not saturate on that side.
    """

    name: ClassVar[str] = "saturated"
    rank: ClassVar[int] = 18
    stops: ClassVar[bool] = True
    breaks: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "elements": Limit(
            0.5,
            "share of a site's elements that are saturated",
            "Half of the elements pass less than 5 % of the gradient, so the site's slope factor "
            "is at most about 0.7 of its largest possible value",
        ),
        "units": Limit(
            0.3,
            "share of a site's units that are saturated for more than 95 % of the samples",
            "Glorot and Bengio 2010 saw whole layers at 100 % in networks that did not learn, "
            "and a few units in networks that did",
        ),
        "one-sided": Limit(
            0.95,
            "share of elements on the low side of a function that saturates there by design",
            "ELU, GELU and SiLU have 10 to 50 % there in networks that train well",
        ),
        "severe": Limit(
            0.8,
            "share of elements at which almost no gradient passes",
            "A slope factor below about 0.45",
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
        more = and_others(len(sites) - 1)
        cause = self._blame(view, sites)
        return Finding(
            rule=self.name,
            severity=view.severity(max(share, units) > self.limit("severe")),
            message=f"{at(worst)}: {percent(share)} of the elements are saturated {side}; "
            f"{percent(units)} of the {worst.units} units are saturated for nearly all "
            f"samples{more}.",
            sites=tuple(site.name for site in sites),
            first_step=view.since(stands),
            evidence={
                "saturated elements": Evidence(share, self.limit("elements"), "%"),
                "saturated units": Evidence(units, self.limit("units"), "%"),
                "deviation of z": Evidence(view.now(worst, "z_std")),
            },
            cause=cause,
            remedies=self._remedies(view, worst, cause),
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
        """Return the share of the saturation that was absent in the first probe."""
        first, now = view.first(site), self._share(view, site)
        if first is None or not now > 0 or not steps.peak(view) > steps.LARGE:
            return 0.0
        low, high = _sides(site.function)
        began = low * first.saturated_low + high * first.saturated_high
        return max(0.0, now - began) / now

    @staticmethod
    def _scale_blame(view: RunView, site: Site) -> dict[str, float]:
        """Divide by logarithms: how far input, first weights and their growth exceed 1."""
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
            "input": f"scale the input of layer {site.layer} to standard deviation 1",
            "learning-rate": "lower the learning rate, or use weight decay",
            "bias": f"initialise the bias of layer {site.layer} with 0",
        }.get(blame, "add batch normalisation before the activation function")
        return (
            Remedy(
                do,
                f"a standard deviation of z near 1 (currently {number(std)}); less than 5 % of a "
                "normal z is then saturated in tanh, and almost nothing in sigmoid",
            ),
            Remedy(
                "add batch or layer normalisation before the activation function",
                "z keeps mean 0 and standard deviation 1, regardless of the weights",
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
    """Return whether the low and the high side count; sides that are flat by design do not."""
    low = function.saturates_below is not None and not _one_sided_detector(function)
    high = function.saturates_above is not None
    return int(low), int(high)


def _one_sided_detector(function: Function) -> bool:
    """Whether the low side means "absent", as in ReLU; the rule dead-units judges that side."""
    low = function.saturates_below
    return low is not None and (
        low >= 0 or (function.flat_below is not None and function.upper > 1)
    )


def _side(low: float, high: float) -> str:
    return "low" if low >= high else "high"

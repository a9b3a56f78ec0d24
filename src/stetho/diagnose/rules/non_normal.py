"""Skewness and tails of z → `non-normal`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, TANH, chain
from stetho.diagnose.phrases import at, normalised, number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site, SiteStats


class NonNormal(AbstractRule):
    """Are pre-activations far from a normal distribution?

    Looks at: skewness and excess kurtosis of z over all elements of a site; both are 0 for a
    normal distribution. The blame is what the first site has already, which the data brings, and
    what arises on the way to the worst site, as products of random factors grow heavier tails
    with every layer.

    Can look like it: units of unequal size, each of them normal, make heavy tails together; a
    classifier that is sure of its answers has two humps. Both train well and stay inside of the
    limits.

    What helps: normalisation before the function, wider layers, data whose outliers are clipped.
    """

    name: ClassVar[str] = "non-normal"
    rank: ClassVar[int] = 46
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "skew": Limit(
            6.0,
            "size of the skewness of z",
            "Twice what any network of the zoo's calibration half has that learns: 3.1",
        ),
        "kurtosis": Limit(
            50.0,
            "excess kurtosis of z",
            "Networks of the zoo's calibration half that learn have up to 14; an exponential "
            "distribution has 6",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        sites = [site for site in view.hidden if self._excess(self._now(view, site)) > 1]
        if sites:
            yield self._finding(view, sites)

    @staticmethod
    def _now(view: RunView, site: Site) -> SiteStats:
        return SiteStats(z_skew=view.now(site, "z_skew"), z_kurtosis=view.now(site, "z_kurtosis"))

    def _excess(self, stats: SiteStats | None) -> float:
        """How many times over its limit skewness or kurtosis is, whichever is more."""
        if stats is None or math.isnan(stats.z_skew):
            return 0.0
        skew = abs(stats.z_skew) / self.limit("skew")
        return max(skew, stats.z_kurtosis / self.limit("kurtosis"))

    def _finding(self, view: RunView, sites: Sequence[Site]) -> Finding:
        worst = max(sites, key=lambda site: self._excess(self._now(view, site)))
        now = self._now(view, worst)

        def stands(probe: Probe) -> bool:
            return self._excess(probe.sites.get(worst.name)) > 1

        more = f"; {len(sites) - 1} more site{'s' * (len(sites) > 2)} too" if len(sites) > 1 else ""
        first = self._now(view, view.hidden[0])
        return Finding(
            self.name,
            view.severity(severe=False),
            f"{at(worst)}: z has skewness {number(now.z_skew)} and excess kurtosis "
            f"{number(now.z_kurtosis)}, where a normal distribution has 0{more}; at the first site "
            f"these are {number(first.z_skew)} and {number(first.z_kurtosis)}.",
            tuple(site.name for site in sites),
            view.since(stands),
            {
                "skewness": Evidence(now.z_skew, self.limit("skew")),
                "excess kurtosis": Evidence(now.z_kurtosis, self.limit("kurtosis")),
            },
            self._blame(first, now),
            (
                Remedy(
                    "put a batch or layer normalisation before the function",
                    "each unit at mean 0 and deviation 1, so that units of unequal size make no "
                    "tails",
                ),
            ),
        )

    @staticmethod
    def _blame(first: SiteStats, worst: SiteStats) -> dict[str, float]:
        """By logarithms of 1 + |skewness| + |kurtosis|."""
        brought, now = (
            math.log1p(abs(stats.z_skew) + abs(stats.z_kurtosis)) for stats in (first, worst)
        )
        if math.isnan(brought):
            return {"unknown": 1.0}
        return normalised({"input": min(brought, now), "depth": max(0.0, now - brought)})

    @classmethod
    def present(cls) -> Run:
        return chain(6, function=TANH, losses=STUCK, site={"z_skew": 8.0, "z_kurtosis": 120.0})

    @classmethod
    def absent(cls) -> Run:
        return chain(6, function=TANH, losses=LEARNS, site={"z_skew": 0.5, "z_kurtosis": 2.0})

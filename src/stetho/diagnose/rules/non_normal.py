"""`non-normal`: z is skewed or has heavy tails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, TANH, chain
from stetho.diagnose.phrases import and_others, at, normalised, number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site, SiteStats


class NonNormal(AbstractRule):
    """Are pre-activations far from a normal distribution?

    Looks at: skewness and excess kurtosis of z over all elements of a site; both are 0 for a normal
    distribution. The blame is divided in two: what the first site already shows is attributed to
    the data, and what is added up to the worst site to the depth. Products of random factors have
    heavier tails with every layer.

    Can look like it: units of different scale, each of them normal, which together have heavy
    tails. A confident classifier has two peaks. Both train well and stay within the limits.

    What helps: add normalisation before the activation function, use wider layers, or clip outliers
    in the data.
    """

    name: ClassVar[str] = "non-normal"
    rank: ClassVar[int] = 46
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "skew": Limit(
            6.0,
            "absolute value of the skewness of z",
            "Twice the largest value of any network in the zoo's calibration half that learns "
            "(3.1)",
        ),
        "kurtosis": Limit(
            50.0,
            "excess kurtosis of z",
            "Networks in the zoo's calibration half that learn have up to 14; an exponential "
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
        """Return the larger ratio to the limit, of skewness and kurtosis."""
        if stats is None or math.isnan(stats.z_skew):
            return 0.0
        skew = abs(stats.z_skew) / self.limit("skew")
        return max(skew, stats.z_kurtosis / self.limit("kurtosis"))

    def _finding(self, view: RunView, sites: Sequence[Site]) -> Finding:
        worst = max(sites, key=lambda site: self._excess(self._now(view, site)))
        now = self._now(view, worst)

        def stands(probe: Probe) -> bool:
            return self._excess(probe.sites.get(worst.name)) > 1

        more = and_others(len(sites) - 1)
        first = self._now(view, view.hidden[0])
        return Finding(
            rule=self.name,
            severity=view.severity(severe=False),
            message=f"{at(worst)}: z has skewness {number(now.z_skew)} and excess kurtosis "
            f"{number(now.z_kurtosis)}, where a normal distribution has 0{more}. At the first "
            f"site, the values are {number(first.z_skew)} and {number(first.z_kurtosis)}.",
            sites=tuple(site.name for site in sites),
            first_step=view.since(stands),
            evidence={
                "skewness": Evidence(now.z_skew, self.limit("skew")),
                "excess kurtosis": Evidence(now.z_kurtosis, self.limit("kurtosis")),
            },
            cause=self._blame(first, now),
            remedies=(
                Remedy(
                    "add batch or layer normalisation before the activation function",
                    "every unit has mean 0 and standard deviation 1, so units of different scale "
                    "cause no tails",
                ),
            ),
        )

    @staticmethod
    def _blame(first: SiteStats, worst: SiteStats) -> dict[str, float]:
        """Divide by logarithms of 1 + |skewness| + |kurtosis|."""
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

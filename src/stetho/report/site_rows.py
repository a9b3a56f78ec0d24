"""Run → one row of numbers a site, in call order: what both the table and the JSON show."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from stetho.record import NAN, Probe, Run, Site, SiteStats

RECENT = 3  # probes whose median a row shows


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """One site at the end of the run: medians over its last RECENT probes.

    Where the last probe has NaN or Inf in it, it alone is shown: a median would hide them.
    """

    site: Site
    stats: SiteStats
    step: int | None  # of the last probe that saw it
    slope_factor: float
    weight_factor: float  # to the next site of the same model; nan at the last
    dead: float  # share of units

    @property
    def saturated(self) -> float:
        """Share of elements on either flat side; nan where the function has none."""
        sides = (self.stats.saturated_low, self.stats.saturated_high)
        seen = [side for side in sides if not math.isnan(side)]
        return sum(seen) if seen else NAN


def site_rows(run: Run) -> tuple[SiteRow, ...]:
    """All sites of the run, those that no probe saw among them (their numbers are nan)."""
    sites = sorted(run.sites, key=lambda site: site.index)
    return tuple(_row(site, _next_site(site, sites), run.probes) for site in sites)


def _next_site(site: Site, sites: Sequence[Site]) -> Site | None:
    return next(
        (other for other in sites if other.index > site.index and other.model == site.model), None
    )


def _row(site: Site, after: Site | None, probes: Sequence[Probe]) -> SiteRow:
    seen = [probe for probe in probes if site.name in probe.sites][-RECENT:]
    if seen and _has_nonfinite(seen[-1].sites[site.name]):
        seen = seen[-1:]
    stats = [probe.sites[site.name] for probe in seen]
    return SiteRow(
        site=site,
        stats=_median_stats(stats),
        step=seen[-1].step if seen else None,
        slope_factor=_median([item.slope_factor for item in stats]),
        weight_factor=_median([_weight_factor(site, after, probe) for probe in seen]),
        dead=_median([_dead(item) for item in stats]),
    )


def _has_nonfinite(stats: SiteStats) -> bool:
    shares = (stats.z_nonfinite, stats.a_nonfinite, stats.up_nonfinite, stats.down_nonfinite)
    return any(share > 0 for share in shares)


def _weight_factor(site: Site, after: Site | None, probe: Probe) -> float:
    """rms(∂L/∂a of this site) / rms(∂L/∂z of the next): DESIGN.md, "Words"."""
    if after is None or after.name not in probe.sites:
        return NAN
    later = probe.sites[after.name].down_rms
    return probe.sites[site.name].up_rms / later if later else NAN


def _dead(stats: SiteStats) -> float:
    """Where there was no probe before (a check-up): units that nothing so far activated."""
    shares = (stats.dead, stats.never_active, stats.silent)
    return next((share for share in shares if not math.isnan(share)), NAN)


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return median(known) if known else NAN


def _median_stats(stats: Sequence[SiteStats]) -> SiteStats:
    def middle(read: Callable[[SiteStats], float]) -> float:
        return _median([read(item) for item in stats])

    if len(stats) <= 1:
        return stats[0] if stats else SiteStats()
    return SiteStats(
        count=stats[-1].count,
        z_mean=middle(lambda item: item.z_mean),
        z_std=middle(lambda item: item.z_std),
        z_skew=middle(lambda item: item.z_skew),
        z_kurtosis=middle(lambda item: item.z_kurtosis),
        z_nonfinite=stats[-1].z_nonfinite,
        saturated_low=middle(lambda item: item.saturated_low),
        saturated_high=middle(lambda item: item.saturated_high),
        a_mean=middle(lambda item: item.a_mean),
        a_std=middle(lambda item: item.a_std),
        a_zero=middle(lambda item: item.a_zero),
        a_cosine=middle(lambda item: item.a_cosine),
        silent=middle(lambda item: item.silent),
        never_active=stats[-1].never_active,
        up_rms=middle(lambda item: item.up_rms),
        down_rms=middle(lambda item: item.down_rms),
    )

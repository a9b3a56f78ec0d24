"""Run → which histograms of z a page keeps, and each as shares of its elements."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from stetho.record import HISTOGRAM_BINS, Probe, Run, Site
from stetho.report.measures import Scale
from stetho.report.thinning import Buckets, Series, worse

KEPT = 4_000  # histograms of a page that are spread evenly over sites and probes …
EACH = (12, 200)  # … but no fewer for a site than the first, nor more than the second
FULL = 65_535  # share of 1


@dataclass(frozen=True, slots=True)
class SiteHistograms:
    """Histograms of one site. `counts`: 16-bit shares, one row of HISTOGRAM_BINS a step."""

    steps: tuple[int, ...]
    counts: array[int]


def site_histograms(
    run: Run, sites: Sequence[Site], among: Buckets, followed: Sequence[Series]
) -> tuple[SiteHistograms, ...]:
    """Evenly spread probes, and each site's worst one in every quantity.

    So a cell of a heatmap that stands out has its own histogram, however many probes there are.
    """
    fewest, most = EACH
    limit = max(fewest, min(most, KEPT // max(len(sites), 1)))
    even = set(_evenly(len(run.probes), limit))
    return tuple(
        _histograms(site, run.probes, even | _worst(place, run.probes, among, followed, site))
        for place, site in enumerate(sites)
    )


def _evenly(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return [turn * (count - 1) // (most - 1) for turn in range(most)]


def _worst(
    row: int, probes: Sequence[Probe], among: Buckets, followed: Sequence[Series], site: Site
) -> set[int]:
    """Places of the probes where a quantity of this site is at its worst."""
    if among.single and len(probes) <= EACH[0]:
        return set()
    found = set()
    for one in followed:
        if one.measure.scale is Scale.PLAIN:
            continue
        start = row * len(among)
        low_first = one.measure.scale is Scale.LOW_IS_WORSE
        values = one.low if low_first or one.high is None else one.high
        bucket = _extreme(values[start : start + len(among)], one.measure.scale)
        if bucket is not None:
            places = range(among.starts[bucket], among.starts[bucket + 1])
            found.add(_sharpest(places, probes, site))
    return found


def _extreme(values: Sequence[float], scale: Scale) -> int | None:
    beats, best = worse(scale), None
    for place, value in enumerate(values):
        if not math.isnan(value) and (best is None or beats(value, values[best])):
            best = place
    return best


def _sharpest(places: range, probes: Sequence[Probe], site: Site) -> int:
    """Of a bucket's probes the one whose z is spread most unlike its neighbours'."""
    spreads = [
        (probes[p].sites[site.name].z_std, p) for p in places if site.name in probes[p].sites
    ]
    known = sorted(pair for pair in spreads if pair[0] == pair[0])
    if not known:
        return places[0]
    middle = known[len(known) // 2][0]
    return max(known, key=lambda pair: abs(pair[0] - middle))[1]


def _histograms(site: Site, probes: Sequence[Probe], places: set[int]) -> SiteHistograms:
    steps, counts = [], array("H")
    for place in sorted(places):
        stats = probes[place].sites.get(site.name)
        if stats is None or len(stats.histogram) != HISTOGRAM_BINS:
            continue
        total = sum(stats.histogram)
        if not 0 < total < math.inf:
            continue
        steps.append(probes[place].step)
        counts.extend(round(FULL * max(count, 0.0) / total) for count in stats.histogram)
    return SiteHistograms(tuple(steps), counts)

"""Run → which histograms of z a page keeps, and each as shares of its elements."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from stetho.record import HISTOGRAM_BINS, Probe, Run, Site
from stetho.report.measures import Scale, Structure
from stetho.report.thinning import Buckets, Series, worse

KEPT = 4_000  # histograms of a page that are spread evenly over sites and probes …
EACH = (12, 200)  # … but no fewer for a site than the first, nor more than the second
FULL = 65_535  # share of 1


@dataclass(frozen=True, slots=True)
class SiteHistograms:
    """Histograms of one site. `counts`: 16-bit shares, one row of HISTOGRAM_BINS a step."""

    steps: tuple[int, ...]
    counts: array[int]
    telling: tuple[int, ...] = ()  # steps that were kept because a quantity is at its worst there


def site_histograms(
    run: Run, sites: Sequence[Site], among: Buckets, followed: Sequence[Series]
) -> tuple[SiteHistograms, ...]:
    """Evenly spread probes, and each site's worst one in every quantity.

    So a cell of a heatmap that stands out has its own histogram, however many probes there are.
    """
    fewest, most = EACH
    limit = max(fewest, min(most, KEPT // max(len(sites), 1)))
    even = _evenly(len(run.probes), limit)
    structure = Structure(run)
    return tuple(
        _histograms(
            site,
            run.probes,
            even,
            _worst(
                row=place, site=site, run=run, structure=structure, among=among, followed=followed
            ),
        )
        for place, site in enumerate(sites)
    )


def _evenly(count: int, most: int) -> set[int]:
    if count <= most:
        return set(range(count))
    return {turn * (count - 1) // (most - 1) for turn in range(most)}


def _worst(
    row: int,
    site: Site,
    run: Run,
    structure: Structure,
    among: Buckets,
    followed: Sequence[Series],
) -> set[int]:
    """Places of the probes where a quantity of this site is at its worst."""
    found = set()
    for one in followed:
        scale, start = one.measure.scale, row * len(among)
        if scale is Scale.PLAIN:
            continue
        values = one.low if scale is Scale.LOW_IS_WORSE or one.high is None else one.high
        bucket = _extreme(values[start : start + len(among)], scale)
        if bucket is None:
            continue
        places = range(among.starts[bucket], among.starts[bucket + 1])
        seen = [place for place in places if site.name in run.probes[place].sites]
        read = [one.measure.read(structure, site, run.probes[place]) for place in seen]
        worst = _extreme(read, scale)
        found |= {seen[worst]} if worst is not None else set()
    return found


def _extreme(values: Sequence[float], scale: Scale) -> int | None:
    beats, best = worse(scale), None
    for place, value in enumerate(values):
        if not math.isnan(value) and (best is None or beats(value, values[best])):
            best = place
    return best


def _histograms(
    site: Site, probes: Sequence[Probe], even: set[int], worst: set[int]
) -> SiteHistograms:
    steps, counts = [], array("H")
    for place in sorted(even | worst):
        stats = probes[place].sites.get(site.name)
        if stats is None or len(stats.histogram) != HISTOGRAM_BINS:
            continue
        total = sum(stats.histogram)
        if not 0 < total < math.inf:
            continue
        steps.append(probes[place].step)
        counts.extend(round(FULL * max(count, 0.0) / total) for count in stats.histogram)
    telling = tuple(sorted(probes[place].step for place in worst))
    return SiteHistograms(tuple(steps), counts, telling)

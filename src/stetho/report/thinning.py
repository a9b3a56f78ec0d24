"""More probes or losses than a page can draw → buckets that keep their lowest and highest.

A bucket's two ends are kept, never its mean: a spike of one probe stays on the page however many
probes share its column.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stetho.record import NAN, Probe, Run, Site
from stetho.report.measures import MEASURES, Measure, Scale, Structure

CELLS = 24_000  # sites × columns of a heatmap that a page holds, for each quantity …
COLUMNS = (24, 480)  # … but never fewer columns than the first, nor more than the second
LOSSES = 2_000  # points of a loss curve


@dataclass(frozen=True, slots=True)
class Buckets:
    """Neighbouring probes by place: bucket k holds probes[starts[k]:starts[k + 1]]."""

    starts: tuple[int, ...]  # one more than there are buckets
    first_steps: tuple[int, ...]
    last_steps: tuple[int, ...]

    @property
    def single(self) -> bool:
        """Each bucket is one probe: nothing was thinned."""
        return len(self.starts) - 1 == self.starts[-1]

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity of all sites: row by row, one number a bucket (see `stored`)."""

    measure: Measure
    low: array[float]
    high: array[float] | None  # None: as low


def buckets(probes: Sequence[Probe], sites: int) -> Buckets:
    fewest, most = COLUMNS
    limit = max(fewest, min(most, CELLS // max(sites, 1)))
    count = min(len(probes), limit)
    starts = tuple(k * len(probes) // count for k in range(count + 1)) if count else (0,)
    pairs = list(zip(starts, starts[1:]))
    return Buckets(
        starts,
        tuple(probes[start].step for start, _ in pairs),
        tuple(probes[end - 1].step for _, end in pairs),
    )


def series(run: Run, sites: Sequence[Site], among: Buckets) -> tuple[Series, ...]:
    """Every quantity that has a value somewhere."""
    structure = Structure(run)
    made = (_series(measure, structure, run.probes, sites, among) for measure in MEASURES)
    return tuple(one for one in made if _says_something(one))


def _says_something(one: Series) -> bool:
    values = one.low if one.high is None else one.high
    if one.measure.key == "nonfinite":
        return any(value > 0 for value in values)
    return any(value == value for value in values)


def _series(
    measure: Measure,
    structure: Structure,
    probes: Sequence[Probe],
    sites: Sequence[Site],
    among: Buckets,
) -> Series:
    rows = [[_value(measure, structure, site, probe) for probe in probes] for site in sites]
    if among.single:
        return Series(
            measure, array("f", (stored(measure.scale, x) for row in rows for x in row)), None
        )
    low, high = array("f"), array("f")
    for row in rows:
        for start, end in zip(among.starts, among.starts[1:]):
            ends = extremes(row[start:end])
            low.append(stored(measure.scale, ends[0]))
            high.append(stored(measure.scale, ends[1]))
    return Series(measure, low, high)


def _value(measure: Measure, structure: Structure, site: Site, probe: Probe) -> float:
    return measure.read(structure, site, probe) if site.name in probe.sites else NAN


def extremes(values: Iterable[float]) -> tuple[float, float]:
    """Lowest and highest of what is known; nan where nothing is."""
    known = [value for value in values if value == value]
    return (min(known), max(known)) if known else (NAN, NAN)


def stored(scale: Scale, value: float) -> float:
    """As the page keeps it, in a float32: of what is drawn on a log scale the log10."""
    if scale in (Scale.SHARE, Scale.PLAIN):
        return math.copysign(math.inf, value) if abs(value) > 3e38 else value
    if value > 0:
        return math.log10(value) if value < math.inf else math.inf
    return -math.inf if value == 0 else NAN


def worse(scale: Scale) -> Callable[[float, float], bool]:
    """Whether the first of two values is the worse one."""
    if scale is Scale.LOW_IS_WORSE:
        return lambda one, other: one < other
    return lambda one, other: one > other


def thin_curve(
    steps: Sequence[int], values: Sequence[float], limit: int = LOSSES
) -> tuple[list[int], list[float]]:
    """Lowest, highest and first value that is NaN or Inf of each bucket, at their own steps."""
    if len(steps) <= limit:
        return list(steps), list(values)
    count = limit // 2
    kept: set[int] = {0, len(steps) - 1}
    for bucket in range(count):
        places = range(bucket * len(steps) // count, (bucket + 1) * len(steps) // count)
        finite = [place for place in places if math.isfinite(values[place])]
        strange = (place for place in places if not math.isfinite(values[place]))
        kept.update(list(strange)[:1])
        if finite:
            kept.add(min(finite, key=values.__getitem__))
            kept.add(max(finite, key=values.__getitem__))
    chosen = sorted(kept)
    return [steps[place] for place in chosen], [values[place] for place in chosen]

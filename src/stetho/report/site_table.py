"""Run and Diagnosis → the section with the table of sites by depth."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stetho.record import Diagnosis, Run
from stetho.report.numbers import whole
from stetho.report.site_rows import RECENT, SiteRow, site_rows
from stetho.report.tree import Cell, Column, ColumnKind, Paragraph, Section, Table, Tone

SITES_SHOWN = 40
EXPLANATION = (
    "Saturated: z where the slope is almost 0 (of ReLU, its silent side). Slope and weight factor: "
    "what the function, and what lies between it and the next site, multiply the gradient with on "
    "its way back. Bar: the gradient's rms (∂L/∂z), log scale."
)


def site_section(run: Run, diagnosis: Diagnosis, *, all_sites: bool) -> Section:
    rows = site_rows(run)
    if not rows:
        text = "No activation function was seen: there is nothing to tell by depth."
        return Section("By depth", (Paragraph(text),))
    named = {name for finding in diagnosis.findings for name in finding.sites}
    places = range(len(rows)) if all_sites else telling([row.site.name in named for row in rows])
    shown = [rows[place] for place in places]
    notes = [_when(rows, len(run.probes))]
    if len(shown) < len(rows):
        notes.append(
            f"{whole(len(rows) - len(shown))} of {whole(len(rows))} sites are left out; "
            "--all-sites shows them."
        )
    notes.append(EXPLANATION)
    return Section("By depth", (_table(shown, named), Paragraph(" ".join(notes), Tone.QUIET)))


def telling(named: Sequence[bool], most: int = SITES_SHOWN) -> list[int]:
    """Places of at most `most` sites: first, last, named ones, and others evenly between."""
    count = len(named)
    if count <= most:
        return list(range(count))
    chosen = {0, count - 1}
    chosen |= set(_evenly([place for place in range(count) if named[place]], most - 2))
    others = [place for place in range(count) if place not in chosen]
    return sorted(chosen.union(_evenly(others, most - len(chosen))))


def _evenly(places: Sequence[int], most: int) -> list[int]:
    if len(places) <= most:
        return list(places)
    return [places[(2 * turn + 1) * len(places) // (2 * most)] for turn in range(most)]


def _when(rows: Sequence[SiteRow], probes: int) -> str:
    steps = [row.step for row in rows if row.step is not None]
    if not steps:
        return "No probe saw any of these sites."
    if probes == 1:
        return f"Measured at step {whole(max(steps))}."
    return f"Medians of the last {min(probes, RECENT)} probes, up to step {whole(max(steps))}."


def _table(rows: Sequence[SiteRow], named: set[str]) -> Table:
    scale = log_scale([row.stats.down_rms for row in rows])
    columns = (
        Column("site", ColumnKind.NAME),
        Column("shape\nof z", ColumnKind.SHAPE),
        Column("z\nmean ± std", ColumnKind.MEAN_STD),
        Column("slope\nfactor", ColumnKind.FACTOR),
        Column("weight\nfactor", ColumnKind.FACTOR),
        Column("satu-\nrated", ColumnKind.SHARE),
        Column("dead\nunits", ColumnKind.SHARE),
        Column("gradient\nrms", ColumnKind.NUMBER),
        *((Column("", ColumnKind.LOG_BAR, scale),) if scale else ()),
    )
    marked = tuple(place for place, row in enumerate(rows) if row.site.name in named)
    return Table(columns, tuple(_cells(row)[: len(columns)] for row in rows), marked)


def _cells(row: SiteRow) -> tuple[Cell, ...]:
    stats = row.stats
    return (
        row.site.name,
        tuple(float(size) for size in row.site.shape),
        (stats.z_mean, stats.z_std),
        row.slope_factor,
        row.weight_factor,
        row.saturated,
        row.dead,
        stats.down_rms,
        stats.down_rms,
    )


def log_scale(values: Sequence[float]) -> tuple[float, float] | None:
    """Whole decades around all positive finite values; None where there are none."""
    sizes = [math.log10(value) for value in values if 0 < value < math.inf]
    if not sizes:
        return None
    low, high = math.floor(min(sizes)), math.ceil(max(sizes))
    low, high = max(low, -307), min(max(high, low + 1), 308)
    return 10.0**low, 10.0**high

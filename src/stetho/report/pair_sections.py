"""Two runs → Report: which learns, what changed, site by site."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

from stetho.record import NAN
from stetho.report.numbers import fixed, whole
from stetho.report.pairs import Pair, Side, arriving, pairs
from stetho.report.sections import LEARNING, Makers, made
from stetho.report.site_rows import SiteRow, site_rows
from stetho.report.tree import (
    Cell,
    Chart,
    Column,
    ColumnKind,
    Items,
    KeyValues,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)

LOSSES = Chart("losses", "Loss of both", "A thinned curve keeps its lowest and highest values.")
DEPTHS = Chart(
    "depths",
    "Gradient of both by depth",
    "How much of the gradient that enters the last hidden site arrives at each. A line that falls "
    "towards the left does not reach the first layers.",
)
NOTE = (
    "arrives: the gradient's rms (∂L/∂z) against that which enters the last hidden site. Sites are "
    "matched by name, else by module, by the layer before them, or by call order."
)


def pair_report(a: Side, b: Side, *, charts: bool = False) -> Report:
    makers: Makers = (
        ("verdict", lambda: _verdict(a, b, charts)),
        ("findings", lambda: _findings(a, b)),
        ("learning", lambda: Section("Learning", (*_learning(a, b), *((LOSSES,) * charts)))),
        ("sites", lambda: _sites(a, b)),
        ("runs", lambda: Section("Runs", (KeyValues((*_described(a), *_described(b))),))),
    )
    return made(f"A: {a.run.command}   B: {b.run.command}", makers)


def verdict(a: Side, b: Side) -> str:
    """Which of them learns, and how much of the gradient arrives in each."""
    if a.diagnosis.learning == b.diagnosis.learning:
        text = f"The same in both: {_fate(a)}."
    else:
        text = f"A: {_fate(a)}; B: {_fate(b)}."
    return text + _loss_change(a, b) + _gradient_change(a, b)


def _fate(side: Side) -> str:
    return LEARNING.get(side.diagnosis.learning, "not known whether it learns")


def _loss_change(a: Side, b: Side) -> str:
    if math.isnan(a.last_loss) or math.isnan(b.last_loss):
        return ""
    return f" The loss ends at {fixed(a.last_loss)} in A and at {fixed(b.last_loss)} in B."


def _gradient_change(a: Side, b: Side) -> str:
    if math.isnan(a.arrives) or math.isnan(b.arrives):
        return ""
    return (
        f" Of the gradient, {fixed(a.arrives)} arrives at the first site in A, "
        f"{fixed(b.arrives)} in B."
    )


def _verdict(a: Side, b: Side, charts: bool) -> Section:
    return Section("", (Paragraph(verdict(a, b), Tone.STRONG), *((DEPTHS,) * charts)))


def _findings(a: Side, b: Side) -> Section:
    kinds = (
        ("In A alone", [rule for rule in a.rules if rule not in b.rules]),
        ("In B alone", [rule for rule in b.rules if rule not in a.rules]),
        ("In both", [rule for rule in a.rules if rule in b.rules]),
    )
    told = tuple(f"{title}: {', '.join(rules)}" for title, rules in kinds if rules)
    return Section("Findings", (Items(told) if told else Paragraph("None in either run."),))


def _learning(a: Side, b: Side) -> list[Paragraph]:
    return [
        Paragraph(
            f"{side.letter}: loss {fixed(side.first_loss)} → {fixed(side.last_loss)} over "
            f"{whole(side.steps)} steps: {_fate(side)}."
            if side.run.losses
            else f"{side.letter}: no loss was seen."
        )
        for side in (a, b)
    ]


def _sites(a: Side, b: Side) -> Section:
    found = pairs(a.run, b.run)
    if not found:
        return Section("Site by site", (Paragraph("No activation function was seen."),))
    alike = all(pair.a and pair.b and pair.a.site.name == pair.b.site.name for pair in found)
    names = (Column("site of A", ColumnKind.NAME), Column("site of B", ColumnKind.NAME))
    columns = (
        *((Column("site", ColumnKind.NAME),) if alike else names),
        Column("arrives\nA", ColumnKind.NUMBER),
        Column("arrives\nB", ColumnKind.NUMBER),
        Column("slope\nA", ColumnKind.FACTOR),
        Column("slope\nB", ColumnKind.FACTOR),
        Column("satur.\nA", ColumnKind.SHARE),
        Column("satur.\nB", ColumnKind.SHARE),
        Column("dead\nA", ColumnKind.SHARE),
        Column("dead\nB", ColumnKind.SHARE),
    )
    left, right = site_rows(a.run), site_rows(b.run)
    rows = tuple(_cells(pair, left, right)[alike:] for pair in found)
    return Section("Site by site", (Table(columns, rows), Paragraph(NOTE, Tone.QUIET)))


def _cells(pair: Pair, left: Sequence[SiteRow], right: Sequence[SiteRow]) -> tuple[Cell, ...]:
    a, b = _values(pair.a, left), _values(pair.b, right)
    return (a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3], a[4], b[4])


def _values(row: SiteRow | None, rows: Sequence[SiteRow]) -> tuple[str, float, float, float, float]:
    if row is None:
        return "–", NAN, NAN, NAN, NAN
    return row.site.name, arriving(rows, row), row.slope_factor, row.saturated, row.dead


def _described(side: Side) -> list[tuple[str, str]]:
    where = str(side.file) if side.file is not None else side.run.command
    told = [(side.letter, where)]
    if side.file is not None:
        told.append(("", f"stetho report {shlex.quote(str(side.file))}"))
    return told

"""Two runs → their sites side by side, and what is told of each."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stetho.record import NAN, Diagnosis, Run, Site
from stetho.report.json_form import strict
from stetho.report.numbers import fixed, whole
from stetho.report.run import LEARNING, Makers, final_loss, made
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
from stetho.report.tree_text import sentences

Key = Callable[[Site], Hashable]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs."""

    letter: str  # "A" or "B"
    run: Run
    diagnosis: Diagnosis
    file: Path | None = None

    @property
    def steps(self) -> int:
        seen = self.run.loss_steps
        return self.run.overhead.steps or (seen[-1] + 1 if seen else 0)

    @property
    def first_loss(self) -> float:
        return self.run.losses[0] if self.run.losses else NAN

    @property
    def last_loss(self) -> float:
        return final_loss(self.run)

    @property
    def rules(self) -> tuple[str, ...]:
        """Rules that found something, the gravest first."""
        ordered = sorted(self.diagnosis.findings, key=lambda finding: -finding.severity)
        return tuple(dict.fromkeys(finding.rule for finding in ordered))

    @property
    def arrives(self) -> float:
        """How much of the gradient arrives at the first hidden site; nan for fewer than two."""
        hidden = [row for row in site_rows(self.run) if not row.site.output]
        return arriving(hidden, hidden[0]) if len(hidden) > 1 else NAN


@dataclass(frozen=True, slots=True)
class Pair:
    """The same place in both runs; None where only one of them has it."""

    a: SiteRow | None
    b: SiteRow | None


def arriving(rows: Sequence[SiteRow], row: SiteRow) -> float:
    """rms(∂L/∂z) of a row / rms(∂L/∂a) at the last hidden site of its model."""
    last = [r for r in rows if r.site.model == row.site.model and not r.site.output]
    source = last[-1].stats.up_rms if last else NAN
    return row.stats.down_rms / source if source > 0 else NAN


def _name(site: Site) -> Hashable:
    return site.name


def _place(site: Site) -> Hashable:
    """Where it happens, whatever the function: "act/relu#1" and "act/tanh#1" are one place."""
    path, _, function = site.name.rpartition("/")
    return path, function.partition("#")[2]


def _layer(site: Site) -> Hashable:
    return site.layer or site.name


def pairs(a: Run, b: Run) -> tuple[Pair, ...]:
    """Sites of both runs, in the call order of A; then those that only B has.

    The same name first, else the same module, else behind the same layer, else, where both have as
    many left, in call order.
    """
    left, right = list(site_rows(a)), list(site_rows(b))
    matched: dict[str, SiteRow] = {}
    for key in (_name, _place, _layer):
        _match(left, right, matched, key)
    rest = [row for row in left if row.site.name not in matched]
    others = _unmatched(right, matched)
    if len(rest) == len(others):
        matched |= {row.site.name: other for row, other in zip(rest, others)}
    made = [Pair(row, matched.get(row.site.name)) for row in left]
    return tuple(made + [Pair(None, row) for row in _unmatched(right, matched)])


def _unmatched(rows: Sequence[SiteRow], matched: dict[str, SiteRow]) -> list[SiteRow]:
    taken = {row.site.name for row in matched.values()}
    return [row for row in rows if row.site.name not in taken]


def _match(
    left: Sequence[SiteRow], right: Sequence[SiteRow], matched: dict[str, SiteRow], key: Key
) -> None:
    """Add pairs of equal key, where the key is one site's alone on either side."""
    rest = [row for row in left if row.site.name not in matched]
    others = _unmatched(right, matched)
    mine, theirs = _by_key(rest, key), _by_key(others, key)
    for value, rows in mine.items():
        same = theirs.get(value, [])
        if len(rows) == 1 and len(same) == 1:
            matched[rows[0].site.name] = same[0]


def _by_key(rows: Sequence[SiteRow], key: Key) -> dict[Hashable, list[SiteRow]]:
    made: dict[Hashable, list[SiteRow]] = {}
    for row in rows:
        made.setdefault(key(row.site), []).append(row)
    return made


def ratio(a: float, b: float) -> float:
    """How many times as large B is; nan where that says nothing."""
    return b / a if a > 0 and math.isfinite(a) and b == b else NAN


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


SCHEMA = "stetho/compare/1"


def pair_json(a: Side, b: Side) -> dict[str, Any]:
    left, right = site_rows(a.run), site_rows(b.run)
    form = {
        "schema": SCHEMA,
        "verdict": verdict(a, b),
        "runs": {"a": _run(a), "b": _run(b)},
        "findings": {
            "only_a": [rule for rule in a.rules if rule not in b.rules],
            "only_b": [rule for rule in b.rules if rule not in a.rules],
            "both": [rule for rule in a.rules if rule in b.rules],
        },
        "sites": [
            {"a": _site(pair.a, left), "b": _site(pair.b, right)} for pair in pairs(a.run, b.run)
        ],
        "report": sentences(pair_report(a, b)),
    }
    plain: dict[str, Any] = strict(form)
    return plain


def _run(side: Side) -> dict[str, Any]:
    return {
        "file": str(side.file) if side.file is not None else None,
        "command": side.run.command,
        "created": side.run.created,
        "learning": side.diagnosis.learning,
        "verdict": side.diagnosis.verdict,
        "worst": side.diagnosis.worst.word if side.diagnosis.worst is not None else None,
        "loss": {"first": side.first_loss, "last": side.last_loss, "steps": side.steps},
        "gradient_arrives": side.arrives,
    }


def _site(row: SiteRow | None, rows: tuple[SiteRow, ...]) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "name": row.site.name,
        "function": row.site.function.name,
        "gradient_arrives": arriving(rows, row),
        "grad_rms": row.stats.down_rms,
        "slope_factor": row.slope_factor,
        "weight_factor": row.weight_factor,
        "saturated": row.saturated,
        "dead": row.dead,
        "z_mean": row.stats.z_mean,
        "z_std": row.stats.z_std,
    }

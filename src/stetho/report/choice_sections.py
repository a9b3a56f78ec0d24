"""A choice → Report: who wins, the table by candidate, why the others did not, advice, price."""

from __future__ import annotations

import math
import shlex
from pathlib import Path

from stetho.record import CandidateResult, Choice
from stetho.report.numbers import MISSING, number, whole
from stetho.report.sections import Makers, made
from stetho.report.tree import (
    Cell,
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

LONGEST = 240  # characters of one reason


def choice_report(choice: Choice, *, file: Path | None = None) -> Report:
    """The report of a race; `file` is the race file, if one was kept."""
    makers: Makers = (
        ("verdict", lambda: Section("", (Paragraph(choice.verdict, Tone.STRONG),))),
        ("candidates", lambda: _candidates(choice)),
        ("why", lambda: _why(choice)),
        ("advice", lambda: _items("Advice, in the article's order", choice.advice)),
        ("notes", lambda: _items("Notes", choice.notes)),
        ("price", lambda: _price(choice)),
        ("next", lambda: _next(choice, file)),
    )
    return made(choice.command, makers)


def _candidates(choice: Choice) -> Section:
    rows = choice.candidates
    columns = (
        Column("candidate", ColumnKind.NAME),
        Column("score", ColumnKind.NUMBER),
        Column("differ-\nence", ColumnKind.NUMBER),
        Column("95 % interval", ColumnKind.INTERVAL, _scale(rows)),
        Column("p", ColumnKind.TEXT),
        Column("pairs", ColumnKind.TEXT),
        Column("step", ColumnKind.FACTOR),
        Column("memory", ColumnKind.FACTOR),
        Column("", ColumnKind.TEXT),
    )
    cells = tuple(_row(choice, row) for row in rows)
    marked = tuple(place for place, row in enumerate(rows) if row.name == choice.winner)
    better = "lower" if choice.lower_is_better else "higher"
    text = (
        f"Score: {choice.scored or choice.score}; {better} is better. Difference: to the "
        f"unchanged {choice.incumbent}, in pairs of trials that share seeds; p: sign-flip "
        "test, Holm-corrected. Step and memory: what a trial took, in the incumbent's."
    )
    return Section("Candidates", (Table(columns, cells, marked), Paragraph(text, Tone.QUIET)))


def _scale(rows: tuple[CandidateResult, ...]) -> tuple[float, float]:
    ends = [end for row in rows for end in row.interval if math.isfinite(end)]
    return min([0.0, *ends]), max([0.0, *ends])


def _row(choice: Choice, row: CandidateResult) -> tuple[Cell, ...]:
    low, high = row.interval
    return (
        row.name,
        row.score,
        row.difference,
        (low, row.difference, high),
        MISSING if math.isnan(row.p) else f"{row.p:.2g}",
        f"{row.pairs}",
        row.step_cost,
        row.memory,
        standing(choice, row),
    )


def standing(choice: Choice, row: CandidateResult) -> str:
    """What became of a candidate, in a word."""
    if row.pairs and row.diverged == row.pairs:
        return row.status
    if row.name == choice.winner:
        return "keep" if row.incumbent else "use this"
    if row.incumbent:
        return "unchanged"
    if row.name in choice.tied:
        return "tie"
    if row.status != "done":
        return row.status
    better = row.difference < 0 if choice.lower_is_better else row.difference > 0
    return "better" if better and row.p < 0.05 else "worse"


def _why(choice: Choice) -> Section | None:
    told = [row for row in choice.candidates if row.why and row.name not in choice.tied]
    return _items("Why not", tuple(f"{row.name}: {_cut(row.why)}" for row in told))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def _items(title: str, sentences: tuple[str, ...]) -> Section | None:
    return Section(title, (Items(sentences),)) if sentences else None


def _price(choice: Choice) -> Section:
    parts = [f"{whole(choice.steps)} training steps in {whole(choice.seconds)} s"]
    if choice.full_grid_steps and choice.steps:
        share = choice.full_grid_steps / choice.steps
        parts.append(
            f"1/{number(share)} of a full grid ({whole(choice.full_grid_steps)}: every candidate "
            "with 12 seeds, as long as the script or as --steps says)"
        )
    text = f"{', '.join(parts)}."
    if not math.isnan(choice.paired_gain):
        text += (
            " Variance of a difference, unpaired trials against paired ones: "
            f"{number(choice.paired_gain)}."
        )
    return Section("", (Paragraph(text, Tone.QUIET),))


def _next(choice: Choice, file: Path | None) -> Section | None:
    pairs = []
    winner = next(row for row in choice.candidates if row.name == choice.winner)
    if not winner.incumbent:
        script = choice.command.removeprefix("stetho choose ")
        pairs.append(("Try it", f"stetho run --with {recipe(winner)} {script}"))
    if winner.lr != 1:
        pairs.append(("with", f"{winner.lr:g} times the learning rate that the script has"))
    if file is not None:
        pairs.append(("Race file", str(file)))
        pairs.append(("Print again", f"stetho report {shlex.quote(str(file))}"))
    return Section("", (KeyValues(tuple(pairs)),)) if pairs else None


def recipe(row: CandidateResult) -> str:
    """A candidate as `--with` takes it: with the weights that it had in the race."""
    name = row.name.partition(",")[0]
    return name if row.init in ("keep", *name.split("+")) else f"{name}+{row.init}"

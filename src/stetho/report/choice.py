"""A choice → its report, what its page adds, and the JSON form, schema `stetho/choose/1`."""

from __future__ import annotations

import math
import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from stetho.record import CandidateResult, Choice
from stetho.report.json_form import strict
from stetho.report.numbers import MISSING, fixed, number, whole
from stetho.report.run import Makers, made
from stetho.report.tree import (
    Answer,
    Answers,
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


INTERVALS = Chart(
    "intervals",
    "Difference to the incumbent",
    "Mean over pairs of trials that differ in the function alone, with its 95 % interval. In "
    "colour: it passed the test, corrected for all candidates. Who left early was not tested.",
)
CURVES = Chart(
    "curves",
    "Learning curves",
    "Mean training loss of each candidate's trials; the band reaches from the lowest to the "
    "highest of them.",
)
COSTS = Chart(
    "costs",
    "Cost against score",
    "To the left: a cheaper step. Where two score alike, take the cheaper one.",
)


def choice_page_report(choice: Choice, *, file: Path | None = None) -> Report:
    base = choice_report(choice, file=file)
    sections: list[Section] = []
    for one in base.sections:
        if one.key == "verdict":
            chart = (INTERVALS,) if any(map(_has_interval, choice.candidates)) else ()
            one = replace(one, blocks=(*one.blocks, _answers(choice), *chart))
        sections.append(one)
        if one.key == "candidates" and (drawn := _charts(choice)):
            sections.append(Section("Curves and cost", drawn, "curves"))
    return replace(base, sections=tuple(sections))


def _charts(choice: Choice) -> tuple[Chart, ...]:
    curves = (CURVES,) if any(row.curve for row in choice.candidates) else ()
    priced = [row for row in choice.candidates if math.isfinite(row.step_cost + row.score)]
    return (*curves, *((COSTS,) if priced else ()))


def _answers(choice: Choice) -> Answers:
    do = f"Use {choice.winner} for {choice.incumbent}."
    if choice.winner == choice.incumbent:
        own = next(row for row in choice.candidates if row.name == choice.winner)
        diverged = own.pairs and own.diverged == own.pairs
        do = "None: lower the learning rate." if diverged else f"Keep {choice.incumbent}."
    return Answers(
        (
            Answer("Which function?", do),
            Answer("How sure is that?", _certainty(choice)),
            Answer("What does it cost?", _step_price(choice)),
        )
    )


def _certainty(choice: Choice) -> str:
    if not choice.complete:
        return "The race was cut short: take it as a hint."
    if choice.tie:
        others = [name for name in choice.tied if name != choice.winner]
        names = ", ".join(others) or "others"
        return f"A tie: these trials cannot distinguish {names} from {choice.winner}."
    row = next((one for one in choice.candidates if one.name == choice.winner), None)
    if row is None or not _has_interval(row):
        return "No other candidate is better, as far as these trials tell."
    return (
        f"Difference {fixed(row.difference)} (95 % {_interval(row)}), p {fixed(row.p)}, "
        f"{whole(row.pairs)} pairs."
    )


def _step_price(choice: Choice) -> str:
    row = next((one for one in choice.candidates if one.name == choice.winner), None)
    if row is None or math.isnan(row.step_cost):
        return "Not measured."
    return f"A step takes {fixed(row.step_cost)} times the incumbent's."


def _has_interval(row: CandidateResult) -> bool:
    return all(math.isfinite(value) for value in (row.difference, *row.interval))


def _interval(row: CandidateResult) -> str:
    if not _has_interval(row):
        return "–"
    return f"{fixed(row.interval[0])} to {fixed(row.interval[1])}"


SCHEMA = "stetho/choose/1"


def choice_json(choice: Choice, *, file: Path | None = None) -> dict[str, Any]:
    form = {
        "schema": SCHEMA,
        "winner": choice.winner,
        "tie": choice.tie,
        "tied": choice.tied,
        "score": choice.score,
        "lower_is_better": choice.lower_is_better,
        "diverged_score": choice.diverged_score,
        "incumbent": choice.incumbent,
        "verdict": choice.verdict,
        "candidates": [_candidate(choice, row) for row in choice.candidates],
        "compute": {
            "steps": choice.steps,
            "full_grid_steps": choice.full_grid_steps,
            "seconds": choice.seconds,
        },
        "advice": choice.advice,
        "notes": choice.notes,
        "paired_gain": choice.paired_gain,
        "complete": choice.complete,
        "command": choice.command,
        "created": choice.created,
        "versions": choice.versions,
        "file": str(file) if file is not None else None,
        "report": sentences(choice_report(choice, file=file)),
    }
    plain: dict[str, Any] = strict(form)
    return plain


def _candidate(choice: Choice, row: CandidateResult) -> dict[str, Any]:
    return {**asdict(row), "recipe": recipe(row), "standing": standing(choice, row)}

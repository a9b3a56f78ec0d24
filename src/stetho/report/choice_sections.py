"""Choice → Report for a page: which function, how sure that is, what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stetho.record import CandidateResult, Choice
from stetho.report.numbers import fixed, percent, whole
from stetho.report.sections import Makers, made
from stetho.report.tree import (
    Answer,
    Answers,
    Cell,
    Chart,
    Column,
    ColumnKind,
    Items,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)

INTERVALS = Chart(
    "intervals",
    "Difference to the incumbent",
    "Mean over pairs of trials that differ in the function alone, with its 95 % interval. An "
    "interval that does not touch the line at 0 is a real difference.",
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
NOTE = (
    "Difference: to the incumbent, pair by pair, with its 95 % interval; p: two-sided sign-flip "
    "test, corrected by Holm. Step and memory: in the incumbent's."
)


def choice_report(choice: Choice) -> Report:
    makers: Makers = (
        ("verdict", lambda: _verdict(choice)),
        ("candidates", lambda: _candidates(choice)),
        ("curves", lambda: _curves(choice)),
        ("advice", lambda: _items("Advice", choice.advice)),
        ("notes", lambda: _items("Notes", choice.notes)),
        ("cost", lambda: _cost(choice)),
    )
    return made(choice.command, makers)


def _verdict(choice: Choice) -> Section:
    text = Paragraph(choice.verdict or f"Use {choice.winner}.", Tone.STRONG)
    chart = (INTERVALS,) if any(_has_interval(row) for row in choice.candidates) else ()
    return Section("", (text, _answers(choice), *chart))


def _answers(choice: Choice) -> Answers:
    keep = choice.winner == choice.incumbent
    do = f"Keep {choice.incumbent}." if keep else f"Use {choice.winner} for {choice.incumbent}."
    return Answers(
        (
            Answer("Which function?", do),
            Answer("How sure is that?", _certainty(choice)),
            Answer("What does it cost?", _price(choice)),
        )
    )


def _certainty(choice: Choice) -> str:
    if not choice.complete:
        return "The race was cut short: take it as a hint."
    if choice.tie:
        others = [name for name in choice.tied if name != choice.winner]
        return f"A tie: {', '.join(others) or 'others'} cannot be told from it by these trials."
    row = next((one for one in choice.candidates if one.name == choice.winner), None)
    if row is None or not _has_interval(row):
        return "No other candidate is better, as far as these trials tell."
    return (
        f"Difference {fixed(row.difference)} (95 % {_interval(row)}), p {fixed(row.p)}, "
        f"{whole(row.pairs)} pairs."
    )


def _price(choice: Choice) -> str:
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


def _candidates(choice: Choice) -> Section:
    columns = (
        Column("candidate", ColumnKind.NAME),
        Column(f"score\n({choice.score})", ColumnKind.NUMBER),
        Column("difference", ColumnKind.NUMBER),
        Column("95 %\ninterval", ColumnKind.TEXT),
        Column("p", ColumnKind.NUMBER),
        Column("pairs", ColumnKind.TEXT),
        Column("step", ColumnKind.FACTOR),
        Column("memory", ColumnKind.FACTOR),
        Column("init", ColumnKind.TEXT),
        Column("status", ColumnKind.TEXT),
    )
    best = "lower is better" if choice.lower_is_better else "higher is better"
    table = Table(columns, tuple(_cells(row) for row in choice.candidates), _marked(choice))
    why = tuple(f"{row.name}: {row.why}" for row in choice.candidates if row.why)
    blocks = (table, Paragraph(f"Score: {choice.score}, {best}. {NOTE}", Tone.QUIET))
    return Section("Candidates", (*blocks, *((Items(why),) if why else ())))


def _cells(row: CandidateResult) -> tuple[Cell, ...]:
    name = f"{row.name} (incumbent)" if row.incumbent else row.name
    name += f", lr ×{row.lr:g}" if row.lr != 1 else ""
    return (
        name,
        row.score,
        row.difference,
        _interval(row),
        row.p,
        whole(row.pairs),
        row.step_cost,
        row.memory,
        row.init,
        row.status,
    )


def _marked(choice: Choice) -> tuple[int, ...]:
    return tuple(
        place
        for place, row in enumerate(choice.candidates)
        if row.name in (*choice.tied, choice.winner)
    )


def _curves(choice: Choice) -> Section | None:
    charts: list[Chart] = []
    if any(row.curve for row in choice.candidates):
        charts.append(CURVES)
    if any(not math.isnan(row.step_cost) for row in choice.candidates):
        charts.append(COSTS)
    return Section("Curves and cost", tuple(charts)) if charts else None


def _items(title: str, sentences: Sequence[str]) -> Section | None:
    return Section(title, (Items(tuple(sentences)),)) if sentences else None


def _cost(choice: Choice) -> Section | None:
    if not choice.steps:
        return None
    text = f"The race took {whole(choice.steps)} training steps in {fixed(choice.seconds)} s"
    if choice.full_grid_steps:
        share = choice.steps / choice.full_grid_steps
        text += f", {percent(share)} of a full grid's {whole(choice.full_grid_steps)}"
    return Section("", (Paragraph(f"{text}.", Tone.QUIET),))

"""Choice → Report for its page: what the terminal says, three answers, and charts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from stetho.record import CandidateResult, Choice
from stetho.report.choice_sections import choice_report
from stetho.report.numbers import fixed, whole
from stetho.report.tree import Answer, Answers, Chart, Report, Section

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
            Answer("What does it cost?", _price(choice)),
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

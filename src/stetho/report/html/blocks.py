"""Blocks of a report's tree → markup. Everything that a run named goes through `escape.text`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stetho.errors import faults_are_raised
from stetho.report import numbers, tree
from stetho.report.html import claims, findings
from stetho.report.html.escape import text
from stetho.report.html.site_links import Places

TONES = {
    tree.Tone.PLAIN: "",
    tree.Tone.STRONG: ' class="strong"',
    tree.Tone.QUIET: ' class="quiet"',
}


@dataclass(frozen=True, slots=True)
class Context:
    """What blocks need beside themselves."""

    places: Places = field(default_factory=lambda: Places({}))
    explanations: Mapping[str, str] = field(default_factory=dict)  # rule → its text


def block(one: Any, context: Context) -> str:
    """One block; a kind that is not known, or a handler that fails, costs this block only."""
    name = type(one).__name__
    handler = HANDLERS.get(type(one))
    if handler is None:
        warnings.warn(f"no block of kind {name} is known to the HTML page", stacklevel=2)
        return f"<p>(a block of kind {text(name)} is not shown)</p>"
    try:
        return handler(one, context)
    except Exception as error:
        if faults_are_raised():
            raise
        warnings.warn(f"block {name} of the page failed: {error!r}", stacklevel=2)
        return f"<p>({text(name)} could not be shown: {text(repr(error))})</p>"


def _paragraph(one: tree.Paragraph, context: Context) -> str:
    body = context.places.linked(one.text)
    if one.tone is tree.Tone.STRONG:  # the first sentence says it all
        first, stop, rest = body.partition(". ")
        body = f"<strong>{first}{stop}</strong>{rest}"
    return f"<p{TONES[one.tone]}>{body}</p>"


def _finding(one: tree.FindingBlock, context: Context) -> str:
    return findings.card(one.finding, context.places, context.explanations.get(one.finding.rule))


def _answers(one: tree.Answers, context: Context) -> str:
    cells = "".join(
        f"<div><dt>{text(answer.question)}</dt><dd>{context.places.linked(answer.text)}</dd></div>"
        for answer in one.answers
    )
    return f'<dl class="answers">{cells}</dl>'


def _items(one: tree.Items, context: Context) -> str:
    rows = "".join(f"<li>{context.places.linked(sentence)}</li>" for sentence in one.sentences)
    return f"<ul>{rows}</ul>"


def _key_values(one: tree.KeyValues, context: Context) -> str:
    rows = "".join(
        f"<dt>{text(key)}</dt><dd><code>{text(value)}</code></dd>" for key, value in one.pairs
    )
    return f'<dl class="pairs">{rows}</dl>'


def _verbatim(one: tree.Verbatim, context: Context) -> str:
    body = "\n".join(text(line) for line in one.lines)
    return f'<pre tabindex="0">{body}</pre>'


def _curve(one: tree.Curve, context: Context) -> str:
    """A curve that no chart draws: its ends."""
    if not one.values:
        return ""
    ends = f"{numbers.fixed(one.values[0])} → {numbers.fixed(one.values[-1])}"
    return f"<p>{text(ends)}</p>"


CHART_PARTS = {
    "depth": '<div class="choices"></div>',
    "heatmap": '<div class="choices"></div><p class="about quiet"></p>',
    "loss": '<div class="choices"></div>',
    "curves": '<div class="choices"></div>',
    "site": '<div class="controls"><label>Site <select></select></label><label>Step '
    '<input type="range" min="0" max="0" value="0"></label><output></output></div>'
    '<p class="facts"></p>',
}
AFTER_CHART = {"multiples": '<button type="button" class="more" hidden></button>'}


def _chart(one: tree.Chart, context: Context) -> str:
    key = text(one.key)
    return (
        f'<figure data-chart="{key}" class="chart {key}"><figcaption><h3>{text(one.title)}</h3>'
        f'<p class="quiet">{text(one.caption)}</p></figcaption>{CHART_PARTS.get(one.key, "")}'
        f'<div class="plot"></div>{AFTER_CHART.get(one.key, "")}</figure>'
    )


def _table(one: tree.Table, context: Context) -> str:
    heads = "".join(_head(column) for column in one.columns)
    rows = "".join(
        _row(one.columns, row, place in one.marked, context) for place, row in enumerate(one.rows)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table class="sites">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _head(column: tree.Column) -> str:
    if column.kind is tree.ColumnKind.LOG_BAR and column.scale is not None:
        low, high = (numbers.decade(end) for end in column.scale)
        return f'<th scope="col" class="scale"><span>{low}</span><span>{high}</span></th>'
    title = column.title.replace("-\n", "").replace("\n", " ")
    return f'<th scope="col">{text(title)}</th>'


def _row(
    columns: tuple[tree.Column, ...],
    row: tuple[tree.Cell, ...],
    marked: bool,
    context: Context,
) -> str:
    cells = [_cell(column, value, context) for column, value in zip(columns, row, strict=True)]
    kind = ' class="marked"' if marked else ""
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _cell(column: tree.Column, value: Any, context: Context) -> str:
    kind = column.kind
    if kind is tree.ColumnKind.NAME:
        return f'<th scope="row">{context.places.link(value)}</th>'
    if kind is tree.ColumnKind.LOG_BAR:
        return f'<td class="bar">{_bar(value, column.scale or (0.1, 1.0))}</td>'
    return f"<td>{text(CELLS[kind](value))}</td>"


def _bar(value: float, scale: tuple[float, float]) -> str:
    if math.isnan(value) or value <= 0:
        return ""
    low, high = math.log10(scale[0]), math.log10(scale[1])
    share = 1.0 if math.isinf(value) else (math.log10(value) - low) / (high - low)
    return f'<span style="width:{max(1.0, min(100.0, 100 * share)):.1f}%"></span>'


def _shape(sizes: tuple[float, ...]) -> str:
    return "×".join(f"{size:.0f}" for size in sizes) or numbers.MISSING


def _mean_std(pair: tuple[float, float]) -> str:
    if all(math.isnan(value) for value in pair):
        return numbers.MISSING
    return f"{numbers.fixed(pair[0])} ± {numbers.fixed(pair[1])}"


def _factor(value: float) -> str:
    return numbers.MISSING if math.isnan(value) else f"{numbers.fixed(value)}×"


def _interval(ends: tuple[float, float, float]) -> str:
    if any(math.isnan(end) for end in ends):
        return numbers.MISSING
    return f"{numbers.fixed(ends[0])} … {numbers.fixed(ends[2])}"


CELLS: dict[tree.ColumnKind, Callable[[Any], str]] = {
    tree.ColumnKind.SHAPE: _shape,
    tree.ColumnKind.MEAN_STD: _mean_std,
    tree.ColumnKind.FACTOR: _factor,
    tree.ColumnKind.SHARE: numbers.whole_percent,
    tree.ColumnKind.NUMBER: numbers.fixed,
    tree.ColumnKind.TEXT: str,
    tree.ColumnKind.INTERVAL: _interval,
}
HANDLERS: dict[type, Callable[[Any, Context], str]] = {
    tree.Paragraph: _paragraph,
    tree.FindingBlock: _finding,
    tree.Answers: _answers,
    tree.Items: _items,
    tree.KeyValues: _key_values,
    tree.Verbatim: _verbatim,
    tree.Curve: _curve,
    tree.Chart: _chart,
    tree.Table: _table,
    tree.ClaimBlock: lambda one, context: claims.card(one),
    tree.ClaimList: lambda one, context: claims.listed(one),
}

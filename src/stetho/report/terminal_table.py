"""A neutral table → lines of text that fit a width, cut where they must be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.text import Text

from stetho.report import numbers
from stetho.report.literal import ELLIPSIS, common_start, literal, shorten
from stetho.report.tree import Column, ColumnKind, Table

NARROWEST_NAME, NARROWEST_BAR, WIDEST_BAR = 12, 6, 24
WIDEST_SHAPE = 13
LEFT = (ColumnKind.NAME, ColumnKind.LOG_BAR)


def render_table(table: Table, width: int) -> RenderableType:
    """Fixed columns take what they need; name and bar share the rest of `width`."""
    fixed = {
        place: [_cell(column.kind, row[place]) for row in table.rows]
        for place, column in enumerate(table.columns)
        if column.kind not in LEFT
    }
    needs = {place: _widest(table.columns[place], texts) for place, texts in fixed.items()}
    gaps = len(table.columns) - 1
    names, bars = _places(table, ColumnKind.NAME), _places(table, ColumnKind.LOG_BAR)
    room = width - sum(needs.values()) - gaps
    starts = []
    for place in names:
        texts, start = _names(table, place, room - NARROWEST_BAR * len(bars))
        needs[place] = _widest(table.columns[place], texts)
        fixed[place] = texts
        starts += [start] if start else []
        room -= needs[place]
    for place in bars:
        needs[place] = max(NARROWEST_BAR, min(WIDEST_BAR, room))
        scale = table.columns[place].scale or (0.1, 1.0)
        fixed[place] = [_bar(row[place], scale, needs[place]) for row in table.rows]
    spare = room - sum(needs[place] for place in bars)
    gap = " " * (2 if spare >= gaps else 1)
    return Group(
        *_header(table, needs, gap),
        *(_row(table, fixed, needs, gap, number) for number in range(len(table.rows))),
        *(Text(f"Names begin with {start}", style="dim", no_wrap=True) for start in starts),
    )


def _places(table: Table, kind: ColumnKind) -> list[int]:
    return [place for place, column in enumerate(table.columns) if column.kind is kind]


def _widest(column: Column, texts: Sequence[str]) -> int:
    return max(map(cell_len, [*column.title.split("\n"), *texts]))


def _cell(kind: ColumnKind, value: Any) -> str:
    return CELLS[kind](value)


def _shape(sizes: tuple[float, ...]) -> str:
    return shorten("×".join(f"{size:.0f}" for size in sizes) or numbers.MISSING, WIDEST_SHAPE)


def _mean_std(pair: tuple[float, float]) -> str:
    if all(map(math.isnan, pair)):
        return numbers.MISSING
    return f"{numbers.fixed(pair[0])} ± {numbers.fixed(pair[1])}"


def _factor(value: float) -> str:
    text = numbers.fixed(value)
    return text if math.isnan(value) else f"{text}×"


CELLS: dict[ColumnKind, Callable[[Any], str]] = {
    ColumnKind.SHAPE: _shape,
    ColumnKind.MEAN_STD: _mean_std,
    ColumnKind.FACTOR: _factor,
    ColumnKind.SHARE: numbers.whole_percent,
    ColumnKind.NUMBER: numbers.fixed,
}


def _bar(value: Any, scale: tuple[float, float], width: int) -> str:
    """One mark at the low end of the scale, a full bar at its high end."""
    if not isinstance(value, float) or math.isnan(value) or value <= 0:
        return ""
    if math.isinf(value):
        return "!" * width
    low, high = math.log10(scale[0]), math.log10(scale[1])
    share = (math.log10(value) - low) / (high - low)
    return "█" * max(1, min(width, round(share * width)))


def _names(table: Table, place: int, room: int) -> tuple[list[str], str]:
    """Names in the room that there is, and what was left out at the start of all of them."""
    full = [literal(str(row[place])) for row in table.rows]
    room = max(room, NARROWEST_NAME)
    start = common_start(full) if max(map(cell_len, full)) > room else ""
    full = [name[len(start) :] for name in full]
    cut = [_fit(name, room) for name in full]
    twice = {name for name, count in Counter(cut).items() if count > 1}
    told_apart = [
        f"{number}:{_fit(full[number], room - len(f'{number}:'))}" if name in twice else name
        for number, name in enumerate(cut)
    ]
    return told_apart, start


def _fit(name: str, room: int) -> str:
    length = room
    while cell_len(shorten(name, length)) > room:  # wide characters
        length -= 1
    return shorten(name, length)


def _header(table: Table, needs: dict[int, int], gap: str) -> list[Text]:
    titles = [_title(column) for column in table.columns]
    height = max(map(len, titles))
    lines = []
    for level in range(height):
        cells = [
            _aligned(([""] * (height - len(title)) + title)[level], needs[place], column.kind)
            for place, (column, title) in enumerate(zip(table.columns, titles, strict=True))
        ]
        lines.append(Text(gap.join(cells).rstrip(), style="dim", no_wrap=True))
    return lines


def _title(column: Column) -> list[str]:
    if column.scale is not None:
        low, high = (numbers.decade(end) for end in column.scale)
        return [f"{low}", f"{ELLIPSIS} {high}"]
    return column.title.split("\n")


def _row(
    table: Table, texts: dict[int, list[str]], needs: dict[int, int], gap: str, number: int
) -> Text:
    line = Text(no_wrap=True)
    for place, column in enumerate(table.columns):
        style = "bold" if number in table.marked and column.kind is ColumnKind.NAME else ""
        style = "cyan" if column.kind is ColumnKind.LOG_BAR else style
        line.append(gap if place else "")
        line.append(_aligned(texts[place][number], needs[place], column.kind), style)
    return line


def _aligned(text: str, width: int, kind: ColumnKind) -> str:
    missing = width - cell_len(text)
    if missing < 0:
        return set_cell_size(text, width)
    return text + " " * missing if kind in LEFT else " " * missing + text

"""A neutral table → lines of text that fit a width, cut where they must be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.text import Text

from stetho.report import numbers
from stetho.report.literal import ELLIPSIS, common_start, literal, shorten
from stetho.report.tree import Column, ColumnKind, Table

NARROWEST_NAME, NARROWEST_BAR, WIDEST_BAR = 12, 7, 24
SHAPE_LENGTHS = (13, 13, 8, 8)  # at each tightness
DRAWN = (ColumnKind.LOG_BAR, ColumnKind.INTERVAL)
LEFT_OUT = {3: DRAWN, 4: (ColumnKind.SHAPE,)}  # from which tightness on
FLEXIBLE = (ColumnKind.NAME, *DRAWN)
LEFT = (*FLEXIBLE, ColumnKind.TEXT)


def render_table(table: Table, width: int) -> RenderableType:
    """Fixed columns take what they need; name and bar share the rest of `width`.

    Where that is too little, numbers move closer, then shapes are cut, then bar and shapes are
    left out.
    """
    for tightness in range(max(LEFT_OUT) + 1):
        if tightness in LEFT_OUT:
            table = _without(table, LEFT_OUT[tightness])
        fixed, room = _fixed(table, width, tightness)
        bars = _places(table, *DRAWN)
        if room >= NARROWEST_NAME + NARROWEST_BAR * len(bars):
            break
    return _laid_out(table, fixed, room)


def _fixed(table: Table, width: int, tightness: int) -> tuple[dict[int, list[str]], int]:
    """Texts of the columns whose width is given by their content, and the room that they leave."""
    fixed = {
        place: [_cell(column.kind, row[place], tightness) for row in table.rows]
        for place, column in enumerate(table.columns)
        if column.kind not in FLEXIBLE
    }
    needs = (_widest(table.columns[place], texts) for place, texts in fixed.items())
    return fixed, width - sum(needs) - (len(table.columns) - 1)


def _laid_out(table: Table, texts: dict[int, list[str]], room: int) -> RenderableType:
    bars = _places(table, *DRAWN)
    starts = []
    for place in _places(table, ColumnKind.NAME):
        texts[place], start = _names(table, place, room - NARROWEST_BAR * len(bars))
        starts += [start] if start else []
        room -= _widest(table.columns[place], texts[place])
    needs = {place: _widest(table.columns[place], column) for place, column in texts.items()}
    for place in bars:
        needs[place] = max(NARROWEST_BAR, min(WIDEST_BAR, room))
        room -= needs[place]
        scale = table.columns[place].scale or (0.1, 1.0)
        draw = _bar if table.columns[place].kind is ColumnKind.LOG_BAR else _interval
        texts[place] = [draw(row[place], scale, needs[place]) for row in table.rows]
    gap = " " * (2 if room >= len(table.columns) - 1 else 1)
    return Group(
        *_header(table, needs, gap),
        *(_row(table, texts, needs, gap, number) for number in range(len(table.rows))),
        *(Text(f"Names begin with {start}", style="dim", no_wrap=True) for start in starts),
    )


def _without(table: Table, kinds: Sequence[ColumnKind]) -> Table:
    kept = [place for place, column in enumerate(table.columns) if column.kind not in kinds]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
    )


def _places(table: Table, *kinds: ColumnKind) -> list[int]:
    return [place for place, column in enumerate(table.columns) if column.kind in kinds]


def _widest(column: Column, texts: Sequence[str]) -> int:
    return max(map(cell_len, [*column.title.split("\n"), *texts]))


def _cell(kind: ColumnKind, value: Any, tightness: int) -> str:
    if kind is ColumnKind.SHAPE:
        sizes = "×".join(f"{size:.0f}" for size in value)
        return shorten(sizes or numbers.MISSING, SHAPE_LENGTHS[tightness])
    if kind is ColumnKind.MEAN_STD:
        return _mean_std(value[0], value[1], "±" if tightness else " ± ")
    return CELLS[kind](value)


def _mean_std(mean: float, std: float, between: str) -> str:
    if math.isnan(mean) and math.isnan(std):
        return numbers.MISSING
    return numbers.fixed(mean) + between + numbers.fixed(std)


def _factor(value: float) -> str:
    text = numbers.fixed(value)
    return text if math.isnan(value) else f"{text}×"


CELLS: dict[ColumnKind, Callable[[Any], str]] = {
    ColumnKind.FACTOR: _factor,
    ColumnKind.SHARE: numbers.whole_percent,
    ColumnKind.NUMBER: numbers.fixed,
    ColumnKind.TEXT: lambda text: literal(text),
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


def _interval(value: Any, scale: tuple[float, float], width: int) -> str:
    """`├──●──┤` from low to high, and `┊` where 0 is."""
    span = scale[1] - scale[0]
    if not span > 0:
        return ""

    def column(number: float) -> int:
        share = (number - scale[0]) / span
        return max(0, min(width - 1, round(share * (width - 1))))

    cells = [" "] * width
    cells[column(0.0)] = "┊"
    low, middle, high = value
    if all(map(math.isfinite, value)):
        cells[column(low) : column(high) + 1] = "─" * (column(high) - column(low) + 1)
        cells[column(low)], cells[column(high)] = "├", "┤"
        cells[column(middle)] = "●"
    return "".join(cells)


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
        form = numbers.decade if column.kind is ColumnKind.LOG_BAR else numbers.number
        low, high = (form(end) for end in column.scale)
        return [f"{low}", f"{ELLIPSIS} {high}"]
    return column.title.split("\n")


def _row(
    table: Table, texts: dict[int, list[str]], needs: dict[int, int], gap: str, number: int
) -> Text:
    line = Text(no_wrap=True)
    for place, column in enumerate(table.columns):
        style = "bold" if number in table.marked and column.kind is ColumnKind.NAME else ""
        style = "cyan" if column.kind in DRAWN else style
        line.append(gap if place else "")
        line.append(_aligned(texts[place][number], needs[place], column.kind), style)
    return line


def _aligned(text: str, width: int, kind: ColumnKind) -> str:
    missing = width - cell_len(text)
    if missing < 0:
        return set_cell_size(text, width)
    return text + " " * missing if kind in LEFT else " " * missing + text

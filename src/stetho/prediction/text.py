"""A plain stack → lines for a terminal, at most 80 wide; the parts of all texts of this room."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stetho.prediction.stack import StackRow

WIDEST = 34  # of a site's name


def stack_text(rows: Sequence[StackRow], depth: int) -> str:
    table = [
        ("function", "gain", "z² at end", "gradient", "ξ", "reach", "critical σ_w², σ_b²", "fits")
    ]
    for row in rows:
        point = f"{row.critical[0]:.4f}, {row.critical[1]:g}" if row.critical else "none"
        table.append(
            (
                row.name,
                f"{row.gain:.4f}",
                number(row.length),
                f"{number(row.gradient)}×",
                number(row.depth_scale),
                number(row.trainable_depth),
                point,
                "yes" if row.fits else "no",
            )
        )
    head = f"A plain stack of {depth} layers, each function with its own forward gain"
    note = (
        "gradient: rms at the first layer against the last; ξ: layers over which what two inputs "
        "have apart shrinks to 1/e; reach: about 6 ξ."
    )
    return "\n".join([head, *columns(table), *textwrap.wrap(note, 80)])


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        " ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def short(name: str) -> str:
    return name if len(name) <= WIDEST else f"…{name[-WIDEST + 1 :]}"


def number(value: float) -> str:
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:#.3g}".rstrip(".") if abs(value) < 1000 else f"{value:.0f}"
    return f"{value:.1e}"

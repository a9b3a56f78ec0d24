"""A few lines of numbers by depth → an SVG on a log scale, for where no script may run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stetho.report import numbers
from stetho.report.html.escape import text
from stetho.report.literal import shorten

WIDTH, HEIGHT = 740, 250
LEFT, RIGHT, TOP, BOTTOM = 64, 10, 26, 26
TICKS = 6
STYLE = "font:11px system-ui,sans-serif;fill:currentColor"


@dataclass(frozen=True, slots=True)
class Line:
    title: str
    colour: str
    values: Sequence[float]


def log_plot(
    lines: Sequence[Line],
    names: Sequence[str],
    *,
    vanishing: float | None = None,
    band: Sequence[tuple[float, float]] = (),
    band_colour: str = "",
) -> str:
    """Values that are 0, NaN or infinite leave a gap."""
    shown = [value for line in lines for value in line.values]
    shown += [end for pair in band for end in pair]
    logs = [math.log10(value) for value in shown if 0 < value < math.inf]
    low, high = math.floor(min(logs, default=-1)), math.ceil(max(logs, default=0))
    low, high = min(low, high - 2), high
    plot = _Plot(low, high, len(names))
    parts = [*plot.grid()]
    if vanishing is not None and math.log10(vanishing) > low:
        parts.append(plot.zone(low, math.log10(vanishing), "vanishing"))
    if band:
        parts.append(plot.band(band, band_colour))
    parts += [plot.line(line) for line in lines]
    parts += [plot.names(names), *_legend(lines)]
    label = "; ".join(_told(line, names) for line in lines)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" aria-label="{text(label)}">'
        f"{''.join(parts)}</svg>"
    )


def _told(line: Line, names: Sequence[str]) -> str:
    if not line.values:
        return line.title
    first, last = numbers.number(line.values[0]), numbers.number(line.values[-1])
    return f"{line.title}: {first} at {names[0]}, {last} at {names[-1]}"


class _Plot:
    def __init__(self, low: float, high: float, count: int) -> None:
        self.low, self.high, self.count = low, high, max(count, 1)

    def x(self, place: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / self.count

    def y(self, log: float) -> float:
        share = (min(max(log, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def grid(self) -> list[str]:
        every = max(1, math.ceil((self.high - self.low) / TICKS))
        made = []
        for power in range(int(self.low), int(self.high) + 1, every):
            y = self.y(power)
            made.append(
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                'stroke="currentColor" stroke-opacity=".15"/>'
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" style="{STYLE}">'
                f"{numbers.number(10.0**power)}</text>"
            )
        return made

    def zone(self, low: float, high: float, word: str) -> str:
        top, bottom = self.y(high), self.y(low)
        return (
            f'<rect x="{LEFT}" width="{WIDTH - LEFT - RIGHT}" y="{top:.1f}" '
            f'height="{bottom - top:.1f}" fill="#d64545" fill-opacity=".12"/>'
            f'<text x="{WIDTH - RIGHT - 6}" y="{bottom - 6:.1f}" text-anchor="end" '
            f'style="{STYLE}">{word}</text>'
        )

    def band(self, ends: Sequence[tuple[float, float]], colour: str) -> str:
        known = [
            (place, math.log10(low), math.log10(high))
            for place, (low, high) in enumerate(ends)
            if low > 0 and high < math.inf
        ]
        upper = [f"{self.x(place):.1f},{self.y(high):.1f}" for place, _, high in known]
        lower = [f"{self.x(place):.1f},{self.y(low):.1f}" for place, low, _ in reversed(known)]
        points = " ".join([*upper, *lower])
        return f'<polygon points="{points}" fill="{colour}" fill-opacity=".35"/>'

    def line(self, line: Line) -> str:
        runs: list[list[str]] = [[]]
        dots = []
        for place, value in enumerate(line.values):
            if not 0 < value < math.inf:
                runs.append([])
                continue
            x, y = self.x(place), self.y(math.log10(value))
            runs[-1].append(f"{x:.1f},{y:.1f}")
            dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>')
        drawn = "".join(
            f'<polyline points="{" ".join(run)}" fill="none" stroke="{line.colour}" '
            'stroke-width="2.5"/>'
            for run in runs
            if len(run) > 1
        )
        return drawn + ("".join(dots) if self.count <= 60 else "")

    def names(self, names: Sequence[str]) -> str:
        if not names:
            return ""
        y = HEIGHT - 8
        first = f'<text x="{LEFT}" y="{y}" style="{STYLE}">{text(shorten(names[0], 40))}</text>'
        last = (
            f'<text x="{WIDTH - RIGHT}" y="{y}" text-anchor="end" style="{STYLE}">'
            f"{text(shorten(names[-1], 40))}</text>"
        )
        return first + (last if len(names) > 1 else "")


def _legend(lines: Sequence[Line]) -> list[str]:
    return [
        f'<rect x="{LEFT + 200 * turn}" y="6" width="18" height="4" fill="{line.colour}"/>'
        f'<text x="{LEFT + 200 * turn + 24}" y="12" style="{STYLE}">{text(line.title)}</text>'
        for turn, line in enumerate(lines)
    ]

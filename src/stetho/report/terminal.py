"""Report → lines for a terminal, readable at 80 columns and without colour."""

from __future__ import annotations

import io
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from stetho.errors import faults_are_raised
from stetho.record import Finding, Severity
from stetho.report import numbers, phrases, tree
from stetho.report.literal import literal, shorten
from stetho.report.terminal_claim import claim_lines, claim_list
from stetho.report.terminal_table import render_table

NARROWEST, WIDEST = 60, 140
APART = (tree.FindingBlock, tree.ClaimBlock)  # with an empty line before each but the first
WIDEST_TEXT = 100  # longer lines of prose are hard to read
SITES_NAMED = 4  # of one finding; the rest is counted
SPARKS = "▁▂▃▄▅▆▇█"
STYLES = {Severity.FAULT: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
TONES = {tree.Tone.PLAIN: "", tree.Tone.STRONG: "bold", tree.Tone.QUIET: "dim"}
ASCII = str.maketrans(
    {
        **dict(zip(SPARKS, "_.,-~=+#", strict=True)),
        **{
            "█": "#",
            "…": "~",
            "×": "x",
            "±": "+-",
            "–": "-",
            "—": "-",
            "→": "->",
            "─": "-",
            "├": "|",
            "┤": "|",
            "●": "o",
            "┊": ":",
            "•": "*",
            "·": ".",
            "✓": "+",
            "✗": "!",
        },
        **{"∂": "d", "φ": "phi", "σ": "sigma", "≈": "~", "≤": "<=", "≥": ">="},
    }
)


def render(report: tree.Report, width: int = 80, color: bool = False) -> str:
    """The report as text; with `color`, with the escape codes of a terminal of 16 colours."""
    width = max(NARROWEST, min(width, WIDEST))
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as captured:
        _print_report(report, console)
    lines = captured.get().split("\n")
    return "\n".join(line if color else line.rstrip() for line in lines)


def show(report: tree.Report, stream: TextIO | None = None) -> None:
    """Print to `stream`: as wide as its terminal, or 80; colours on a terminal only (NO_COLOR)."""
    stream = sys.stdout if stream is None else stream
    terminal = stream.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    stream.write(_encodable(render(report, width, terminal and _wants_color()), stream))
    stream.flush()


def _wants_color() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _encodable(text: str, stream: TextIO) -> str:
    """What the stream's encoding cannot hold, in plain characters."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        plain = text.translate(ASCII)
        return plain.encode("ascii", "backslashreplace").decode("ascii")
    return text


def _print_report(report: tree.Report, console: Console) -> None:
    console.print(_line("─" * 2 + " stetho " + "─" * (console.width - 10), "dim"))
    if report.title:
        console.print(_line(shorten(literal(report.title), console.width), "dim"))
    for section in report.sections:
        console.print()
        if section.title:
            console.print(_line(section.title, "bold"))
        for place, block in enumerate(section.blocks):
            if place and isinstance(block, APART):
                console.print()
            console.print(_guarded(block, console.width), crop=False)


def _guarded(block: Any, width: int) -> RenderableType:
    """One block; a kind that is not known, or a handler that fails, costs this block only."""
    name = type(block).__name__
    handler = HANDLERS.get(type(block))
    if handler is None:
        warnings.warn(f"the terminal report knows no block of kind {name}", stacklevel=2)
        return _line(f"(a block of kind {name} is not shown)", "dim")
    try:
        return handler(block, width)
    except Exception as error:
        if faults_are_raised():
            raise
        warnings.warn(f"block {name} of the report failed: {error!r}", stacklevel=2)
        return _line(f"({name} could not be shown: {literal(repr(error))})", "dim")


def _line(text: str, style: str = "") -> Text:
    """Text that is cut at the edge, never wrapped."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _prose(text: Text | str, width: int, left: int = 0, style: str = "") -> Padding:
    content = text if isinstance(text, Text) else Text(literal(text), style=style)
    return Padding(content, (0, max(0, width - WIDEST_TEXT), 0, left))


def _paragraph(block: tree.Paragraph, width: int) -> RenderableType:
    return _prose(block.text, width, style=TONES[block.tone])


def _finding(block: tree.FindingBlock, width: int) -> RenderableType:
    finding = block.finding
    since = phrases.since(finding)
    since = f"  ({since})" if since else ""
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append(finding.severity.word.upper(), STYLES[finding.severity])
    head.append(f" {literal(finding.rule)}", "bold")
    head.append(since)
    parts: list[RenderableType] = [head, _prose(finding.message, width, 2)]
    labelled = (
        ("measured", phrases.evidence(finding)),
        ("to blame", phrases.blame(finding)),
        ("where", "" if _all_named(finding) else _where(finding)),
    )
    parts += [_labelled(label, text, width) for label, text in labelled if text]
    if finding.remedies:
        parts.append(_prose(Text("what helps"), width, 2))
    for remedy in finding.remedies:
        parts.append(_bullet(phrases.remedy(remedy), width, 4))
    return Group(*parts)


def _all_named(finding: Finding) -> bool:
    return all(name in finding.message for name in finding.sites)


def _where(finding: Finding) -> str:
    names = [shorten(literal(name), 50) for name in finding.sites]
    more = len(names) - SITES_NAMED
    if more > 1:
        return f"{', '.join(names[: SITES_NAMED - 1])}, … {names[-1]} ({len(names):,} in all)"
    return ", ".join(names)


def _labelled(label: str, text: str, width: int) -> RenderableType:
    """`label: text`, further lines below the text."""
    return _hanging(f"{label}: ", text, width, 2)


def _bullet(text: str, width: int, left: int = 2) -> RenderableType:
    return _hanging("• ", text, width, left)


def _hanging(lead: str, text: str, width: int, left: int) -> RenderableType:
    room = min(width, WIDEST_TEXT) - left - len(lead)
    lines = Text(literal(text)).wrap(Console(width=room, file=io.StringIO()), room)
    rows = Text("\n").join(
        Text(lead if place == 0 else " " * len(lead)) + line for place, line in enumerate(lines)
    )
    rows.no_wrap = True
    return Padding(rows, (0, 0, 0, left))


def _items(block: tree.Items, width: int) -> RenderableType:
    return Group(*(_bullet(sentence, width) for sentence in block.sentences))


def _key_values(block: tree.KeyValues, width: int) -> RenderableType:
    longest = max((len(key) for key, _ in block.pairs), default=0)
    rows = (  # never cut: they are there to be copied
        Text(f"{key:<{longest}}  {literal(value)}", no_wrap=True, overflow="ignore")
        for key, value in block.pairs
    )
    return Group(*rows)


def _verbatim(block: tree.Verbatim, width: int) -> RenderableType:
    return Group(*(_line(f"  {literal(line)}") for line in block.lines))


def _curve(block: tree.Curve, width: int) -> RenderableType:
    """Heights count from 0, so that a loss that does not move looks like one."""
    line = sparkline(block.steps, block.values, min(60, width - 20))
    finite = [value for value in block.values if abs(value) < float("inf")]
    if not line or not finite:
        return Text(line)
    low, high = min(0.0, *finite), max(finite)
    return _line(f"{line}  (from {numbers.number(low)} to {numbers.number(high)})")


def sparkline(steps: tuple[int, ...], values: tuple[float, ...], width: int) -> str:
    """Means of equal stretches of steps as bars of 8 heights; `!` where none of them is finite."""
    if len(values) < 2:
        return ""
    count = min(width, len(values))
    span = (steps[-1] - steps[0]) or 1
    cells: list[list[float]] = [[] for _ in range(count)]
    for step, value in zip(steps, values, strict=True):
        cells[min(count - 1, (step - steps[0]) * count // span)].append(value)
    means = [_finite_mean(cell) for cell in cells if cell]
    known = [mean for mean in means if mean is not None]
    low, high = min([0.0, *known]), max(known, default=0.0)
    return "".join(_spark(mean, low, high) for mean in means)


def _finite_mean(values: list[float]) -> float | None:
    finite = [value for value in values if abs(value) < float("inf")]
    return sum(value / len(finite) for value in finite) if finite else None


def _spark(mean: float | None, low: float, high: float) -> str:
    if mean is None:
        return "!"
    share = (mean / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0
    return SPARKS[min(len(SPARKS) - 1, int(share * len(SPARKS)))]


def _answers(block: tree.Answers, width: int) -> RenderableType:
    return Group(*(_labelled(one.question, one.text, width) for one in block.answers))


def _chart(block: tree.Chart, width: int) -> RenderableType:
    return _prose(f"{block.title}: a drawing of the HTML page.", width, style="dim")


def _claim(block: tree.ClaimBlock, width: int) -> RenderableType:
    parts: list[RenderableType] = [
        part if isinstance(part, Text) else _hanging(*part, width, 2)
        for part in claim_lines(block, width)
    ]
    return Group(*parts)


Handler = Callable[[Any, int], RenderableType]
HANDLERS: dict[type, Handler] = {
    tree.Paragraph: _paragraph,
    tree.FindingBlock: _finding,
    tree.Table: render_table,
    tree.Items: _items,
    tree.KeyValues: _key_values,
    tree.Verbatim: _verbatim,
    tree.Curve: _curve,
    tree.Answers: _answers,
    tree.Chart: _chart,
    tree.ClaimBlock: _claim,
    tree.ClaimList: claim_list,
}

"""Claims → lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from stetho.record import ClaimResult, Verdict
from stetho.report import claim_phrases, tree
from stetho.report.literal import literal

STYLES = {
    Verdict.HOLDS: "bold green",
    Verdict.IN_PART: "bold cyan",
    Verdict.NOT: "bold red",
    Verdict.UNDECIDED: "bold yellow",
}
ID_WIDTH = 12
WIDEST = 100


def claim_lines(block: tree.ClaimBlock, width: int) -> Iterator[Text | tuple[str, str]]:
    """A head line, then pairs of a lead and the text that hangs from it."""
    result = block.result
    yield _head(result, width)
    if block.whole:
        for label, text in claim_phrases.told(result):
            yield f"{label}: ", text
    for one in claim_phrases.shown(result, block.whole):
        yield f"{claim_phrases.mark(one)} ", claim_phrases.measured(one)


def claim_list(block: tree.ClaimList, width: int) -> Text:
    return Text("\n").join(_head(result, width) for result in block.results)


def _head(result: ClaimResult, width: int) -> Text:
    """Id and title to the left, the verdict to the right."""
    left = f"{result.id:<{ID_WIDTH}}{literal(result.title)}"
    word = result.verdict.value
    room = min(width, WIDEST) - len(left) - len(word) - 2
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(left, "bold")
    line.append(f" {'·' * max(1, room)} ", "dim")
    line.append(word, STYLES[result.verdict])
    return line

"""What a report says, before it is known where it is shown: sections of neutral blocks.

A lowering (terminal, HTML) walks the tree and turns each block into its own form. Values stay
numbers and names stay as they were found: formatting and escaping are the lowering's job.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from stetho.record import ClaimResult, Finding

Cell = str | float | tuple[float, ...]


class Tone(Enum):
    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"


class ColumnKind(Enum):
    """What the cells of a column are."""

    NAME = "name"  # str: name of a site; may be cut in the middle
    SHAPE = "shape"  # tuple of sizes
    MEAN_STD = "mean and deviation"  # (mean, standard deviation)
    FACTOR = "factor"  # float
    SHARE = "share"  # float in 0 … 1
    NUMBER = "number"  # float
    TEXT = "text"  # str
    LOG_BAR = "bar"  # float > 0, drawn between `Column.scale` on a log scale
    INTERVAL = "interval"  # (low, middle, high), drawn between `Column.scale`, with a mark at 0


@dataclass(frozen=True, slots=True)
class Column:
    title: str  # may have two lines
    kind: ColumnKind
    scale: tuple[float, float] | None = None  # ends of a bar


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    marked: tuple[int, ...] = ()  # places of rows that a finding names


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class FindingBlock:
    finding: Finding


@dataclass(frozen=True, slots=True)
class Curve:
    """A line drawn small: values over steps."""

    steps: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """Sentences, one a bullet."""

    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyValues:
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines that must not be wrapped: a traceback."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a newcomer asks first, and the shortest answer to it."""

    question: str
    text: str
    sites: tuple[str, ...] = ()  # to go to


@dataclass(frozen=True, slots=True)
class Answers:
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of a page. Its numbers stand in `ChartData`, under the same key."""

    key: str
    title: str
    caption: str  # how to read it


@dataclass(frozen=True, slots=True)
class ClaimBlock:
    """A claim, what was measured, and the verdict."""

    result: ClaimResult
    whole: bool = True  # with the experiment, the criterion and what to take from it
    first_picture: int = 0  # place of its first picture among those of the page


@dataclass(frozen=True, slots=True)
class ClaimList:
    """Claims and verdicts at a glance."""

    results: tuple[ClaimResult, ...]


Block = (
    Table
    | Paragraph
    | FindingBlock
    | Curve
    | Items
    | KeyValues
    | Verbatim
    | Answers
    | Chart
    | ClaimBlock
    | ClaimList
)


@dataclass(frozen=True, slots=True)
class Section:
    title: str  # empty: the blocks speak for themselves
    blocks: tuple[Block, ...]
    key: str = ""  # short name, to link to


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    sections: tuple[Section, ...]

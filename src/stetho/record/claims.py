"""What an experiment on a claim has measured, and the verdict that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from stetho.record.runs import NAN


class Verdict(Enum):
    HOLDS = "holds"
    IN_PART = "holds in part"
    NOT = "does not hold"
    UNDECIDED = "undecided"


class Answer(Enum):
    """What one measure says of what the criterion asks."""

    YES = "yes"
    NO = "no"
    OPEN = "open"  # the interval reaches over the limit


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured quantity, and the limits that the criterion puts on it, if any.

    The interval is a 95 % one over seeds; of what is computed exactly, both ends are the value.
    """

    what: str  # "rms gradient, first layer over last"
    value: float
    low: float
    high: float
    at_least: float = NAN  # the criterion's limit from below; nan: none
    at_most: float = NAN  # from above
    expected: float = NAN  # what theory says, to read beside it
    unit: str = ""  # "×", "%", "s", …; a share has "%" and a value in 0 … 1

    @property
    def asked(self) -> bool:
        """Whether the criterion asks for it; else it is there to be read."""
        return not (math.isnan(self.at_least) and math.isnan(self.at_most))

    @property
    def answer(self) -> Answer:
        if any(math.isnan(end) for end in (self.value, self.low, self.high)):
            return Answer.OPEN
        if self.high < self.at_least or self.low > self.at_most:
            return Answer.NO
        reached = not self.low < self.at_least and not self.high > self.at_most
        return Answer.YES if reached else Answer.OPEN


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of points of a picture."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()  # a band around y, or nothing
    high: tuple[float, ...] = ()
    points: bool = False  # dots rather than a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing made of measurements."""

    title: str  # what it shows: "The gradient on its way back"
    caption: str  # how to read it, in a sentence
    x: str  # what runs along the axis, with its unit
    y: str
    series: tuple[Series, ...]
    log_x: bool = False
    log_y: bool = False
    ticks: tuple[str, ...] = ()  # names of x = 0, 1, 2, … where x is not a number


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """One row of `stetho article`."""

    id: str  # "B3"
    title: str
    says: str  # the claim, in our words
    experiment: str  # what was done
    criterion: str  # fixed before the experiment runs
    verdict: Verdict
    reason: str  # which measures decided
    measures: tuple[Measure, ...]
    take_away: str
    pictures: tuple[Picture, ...] = ()
    seeds: tuple[int, ...] = ()
    seconds: float = NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleResult:
    """What `stetho article` says."""

    claims: tuple[ClaimResult, ...]
    quick: bool
    base_seed: int
    created: str = ""  # ISO 8601, UTC
    machine: str = ""  # processor, its cores, what is installed
    seconds: float = NAN

"""Rows of the results → counts: false alarms, faults that were noticed, named and explained."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from zoo.cases import Case, cases
from zoo.judging import Row
from zoo.peers import NAMES

STYLE = re.compile(r"TA2\d\d|TA40[0-4]")  # torch-audit's advice on speed and style is no diagnosis


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else math.nan

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Clopper and Pearson 1934: exact, from the binomial distribution's tails."""
        tail = (1 - level) / 2
        low = (
            0.0 if not self.hits else _solve(lambda p: 1 - _below(self.hits - 1, self.of, p), tail)
        )
        full = self.hits == self.of
        high = 1.0 if full else _solve(lambda p: -_below(self.hits, self.of, p), -tail)
        return low, high


def _below(hits: int, of: int, p: float) -> float:
    """P(X ≤ hits) of a binomial distribution."""
    return sum(math.comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(hits + 1))


def _solve(rising: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def share(flags: Iterable[bool]) -> Share:
    found = list(flags)
    return Share(sum(found), len(found))


@dataclass(frozen=True, slots=True)
class Score:
    """How one tool did on cases of the zoo."""

    tool: str
    healthy: Share  # healthy networks with an alarm
    harmless: Share  # planted, but it did no harm: networks with an alarm
    noticed: Share  # faults with any alarm
    named: Share  # faults with an alarm that names them
    explained: Share | None = None  # noticed faults whose leading cause is right


def by_name() -> dict[str, Case]:
    return {case.name: case for case in cases()}


def first_runs(rows: Sequence[Row], half: str = "report") -> list[Row]:
    """One row a case."""
    return [row for row in rows if row.half == half and row.seed == 0 and row.batches == 1]


def names_it(row: Row, case: Case) -> bool:
    rules = case.plant.rules if case.plant is not None else ()
    return any(alarm[0] in rules for alarm in row.alarms)


def explains_it(row: Row, case: Case) -> bool:
    return case.plant is not None and row.cause in case.plant.causes


def ours(rows: Sequence[Row], tool: str = "stetho") -> Score:
    known = by_name()
    faults = [row for row in rows if row.label == "fault"]
    return Score(
        tool=tool,
        healthy=share(bool(row.alarms) for row in rows if row.label == "healthy"),
        harmless=share(bool(row.alarms) for row in rows if row.label == "harmless"),
        noticed=share(bool(row.alarms) for row in faults),
        named=share(names_it(row, known[row.case]) for row in faults),
        explained=share(explains_it(row, known[row.case]) for row in faults if row.alarms),
    )


def peer(tool: str, alarms: dict[str, list[str]], rows: Sequence[Row]) -> Score:
    """`alarms`: what the peer said, by case."""
    said = {
        case: [alarm for alarm in found if not STYLE.search(alarm)]
        for case, found in alarms.items()
    }
    known = [row for row in rows if row.case in said]
    faults = [row for row in known if row.label == "fault"]
    return Score(
        tool,
        share(bool(said[row.case]) for row in known if row.label == "healthy"),
        share(bool(said[row.case]) for row in known if row.label == "harmless"),
        share(bool(said[row.case]) for row in faults),
        share(
            any(re.search(NAMES[row.plant], alarm) for alarm in said[row.case]) for row in faults
        ),
    )


@dataclass(frozen=True, slots=True)
class OfRule:
    """One rule's alarms."""

    rule: str
    right: Share  # of its alarms, those in faults that it names or that follow from it
    found: Share  # of the faults whose main rule it is, those that it names


def of_rules(rows: Sequence[Row]) -> list[OfRule]:
    known = by_name()
    decided = [row for row in rows if row.label != "undecided"]
    names = sorted({alarm[0] for row in decided for alarm in row.alarms} | _main_rules(rows))
    found = []
    for rule in names:
        alarmed = [row for row in decided if _has(row, rule)]
        main = [
            row
            for row in decided
            if row.label == "fault" and known[row.case].plant.rules[0] == rule  # type: ignore[union-attr]
        ]
        right = share(_is_true(rule, row, known[row.case]) for row in alarmed)
        found.append(OfRule(rule, right, share(_has(row, rule) for row in main)))
    return found


def _main_rules(rows: Sequence[Row]) -> set[str]:
    known = by_name()
    plants = [known[row.case].plant for row in rows if row.label == "fault"]
    return {plant.rules[0] for plant in plants if plant is not None}


def _has(row: Row, rule: str) -> bool:
    return any(alarm[0] == rule for alarm in row.alarms)


def _is_true(rule: str, row: Row, case: Case) -> bool:
    """Whether an alarm of a rule is true of a case: of a fault, or one weak enough to learn."""
    plant = case.plant
    harmful = row.label in ("fault", "weak")
    return harmful and plant is not None and (rule in plant.rules or rule in plant.also)


def not_activation(rows: Sequence[Row]) -> tuple[Share, Share]:
    """Faults that lie elsewhere and are told so; faults of hidden activations told so wrongly."""
    known = by_name()
    faults = [(row, known[row.case].plant) for row in rows if row.label == "fault"]
    return (
        share(row.elsewhere for row, plant in faults if plant is not None and not plant.hidden),
        share(row.elsewhere for row, plant in faults if plant is not None and plant.hidden),
    )


def verdict(row: Row) -> tuple[bool, str]:
    """What has to stay the same from seed to seed: whether there is an alarm, and its cause."""
    return bool(row.alarms), row.cause


def same(rows: Sequence[Row], of_batches: bool) -> Share:
    """Cases whose repetitions have the first one's verdict, where the outcome is the same too."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        kept = row.seed == 0 if of_batches else row.batches == 1
        if row.label != "undecided" and kept:
            groups.setdefault(row.case, []).append(row)
    whole = [group for group in groups.values() if len(group) > 1]
    alike = [[row for row in group if row.label == group[0].label] for group in whole]
    return share(len({verdict(row) for row in group}) == 1 for group in alike if len(group) > 1)


def delay(values: Iterable[int | None]) -> tuple[float, float]:
    """Median and 90 % quantile of those that are known."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return math.nan, math.nan
    return median(known), known[min(len(known) - 1, math.ceil(0.9 * len(known)) - 1)]

"""Claims and measures → the words that every lowering uses for them."""

from __future__ import annotations

import math
from collections import Counter

from stetho.record import Answer, ArticleResult, ClaimResult, Measure, Verdict
from stetho.report.numbers import quantity, whole

MARKS = {Answer.YES: "✓", Answer.NO: "✗", Answer.OPEN: "?"}
UNASKED = "·"  # of a measure that is there to be read


def mark(one: Measure) -> str:
    return MARKS[one.answer] if one.asked else UNASKED


def value(one: Measure) -> str:
    return quantity(one.value, one.unit)


def interval(one: Measure) -> str:
    """Its ends; empty of what is exact."""
    if one.low == one.high:
        return ""
    return f"{quantity(one.low, one.unit)} … {quantity(one.high, one.unit)}"


def limit(one: Measure) -> str:
    """What the criterion asks; empty where it asks nothing."""
    low, high = (quantity(end, one.unit) for end in (one.at_least, one.at_most))
    if math.isnan(one.at_most):
        return "" if math.isnan(one.at_least) else f"at least {low}"
    return f"at most {high}" if math.isnan(one.at_least) else f"between {low} and {high}"


def expected(one: Measure) -> str:
    return "" if math.isnan(one.expected) else quantity(one.expected, one.unit)


def measured(one: Measure) -> str:
    """`first layer over last: 0.01× (0.005× … 0.02×); asked: at most 0.05×; theory: 0.012×`."""
    ends = interval(one)
    parts = [f"{one.what}: {value(one)}{f' ({ends})' if ends else ''}"]
    parts += [f"asked: {limit(one)}"] if one.asked else []
    parts += [f"theory: {expected(one)}"] if expected(one) else []
    return "; ".join(parts)


def told(result: ClaimResult) -> list[tuple[str, str]]:
    """What is said of a claim beside its measures, each with its label."""
    seeds = len(result.seeds)
    drawn = f" {seeds} seeds." if seeds else ""
    return [
        ("claim", result.says),
        ("experiment", " ".join(result.experiment.split()) + drawn),
        ("criterion", result.criterion),
        ("decided by", result.reason),
        ("take from it", result.take_away),
    ]


def shown(result: ClaimResult, everything: bool) -> list[Measure]:
    return [one for one in result.measures if everything or one.asked]


def lines(result: ClaimResult, everything: bool) -> list[str]:
    made = [result.id, result.title, result.verdict.value]
    made += [text for _, text in told(result)] if everything else []
    return made + [measured(one) for one in shown(result, everything)]


def summary(result: ArticleResult) -> str:
    """How many claims hold, and how thoroughly that was looked at."""
    counts = Counter(one.verdict for one in result.claims)
    many = len(result.claims)
    parts = [
        f"{counts[verdict]} {_verb(verdict, counts)}" for verdict in Verdict if counts[verdict]
    ]
    how = " with --quick: fewer seeds, wider intervals" if result.quick else ""
    return (
        f"Of {many} claim{'s' if many > 1 else ''} {', '.join(parts)}. Measured in "
        f"{whole(result.seconds)} s{how}, base seed {result.base_seed}; {result.machine}."
    )


def _verb(verdict: Verdict, counts: Counter[Verdict]) -> str:
    if counts[verdict] == 1:
        return "is undecided" if verdict is Verdict.UNDECIDED else verdict.value
    plural = {
        Verdict.HOLDS: "hold",
        Verdict.IN_PART: "hold in part",
        Verdict.NOT: "do not hold",
        Verdict.UNDECIDED: "are undecided",
    }
    return plural[verdict]

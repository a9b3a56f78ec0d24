"""Measures → verdict: every combination that decides."""

from __future__ import annotations

import math

import pytest

from stetho.article.claim import judge
from stetho.record import Answer, Measure, Verdict


def measure(
    low: float, high: float, at_least: float = math.nan, at_most: float = math.nan
) -> Measure:
    return Measure("m", (low + high) / 2, low, high, at_least, at_most)


YES, NO, OPEN = measure(2, 3, 1), measure(2, 3, 4), measure(2, 3, 2.5)
READ = measure(2, 3)


@pytest.mark.parametrize(
    ("one", "answer"),
    [
        (measure(2, 3, at_least=2), Answer.YES),
        (measure(2, 3, at_most=3), Answer.YES),
        (measure(2, 3, 2, 3), Answer.YES),
        (measure(2, 3, 2.1, 3), Answer.OPEN),
        (measure(2, 3, at_least=3.1), Answer.NO),
        (measure(2, 3, at_most=1.9), Answer.NO),
        (measure(2, 3, 3.1, 4), Answer.NO),
        (measure(2, 3, at_most=2.5), Answer.OPEN),
        (measure(-math.inf, math.inf, 0), Answer.OPEN),
        (measure(math.nan, math.nan, 0), Answer.OPEN),
        (measure(math.inf, math.inf, 0), Answer.YES),
    ],
)
def test_answer(one: Measure, answer: Answer) -> None:
    assert one.answer is answer


@pytest.mark.parametrize(
    ("measures", "verdict"),
    [
        ([YES, YES], Verdict.HOLDS),
        ([YES, READ], Verdict.HOLDS),
        ([NO, NO], Verdict.NOT),
        ([YES, NO], Verdict.IN_PART),
        ([YES, NO, OPEN], Verdict.IN_PART),  # whatever the open one is
        ([YES, OPEN], Verdict.UNDECIDED),
        ([NO, OPEN], Verdict.UNDECIDED),
        ([OPEN], Verdict.UNDECIDED),
    ],
)
def test_judge(measures: list[Measure], verdict: Verdict) -> None:
    assert judge(measures)[0] is verdict


def test_the_reason_names_what_decided() -> None:
    assert judge([YES, NO])[1] == "Met: m. Not met: m."
    assert "both sides" in judge([OPEN])[1]


def test_nothing_to_judge_is_a_fault() -> None:
    with pytest.raises(ValueError, match="expected a measure with a limit"):
        judge([READ])

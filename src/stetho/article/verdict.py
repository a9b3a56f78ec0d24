"""Measures and their limits → the verdict on a claim, and why."""

from __future__ import annotations

from collections.abc import Sequence

from stetho.record import Answer, Measure, Verdict


def judge(measures: Sequence[Measure]) -> tuple[Verdict, str]:
    """The verdict that the criterion's limits give, and the measures that decided.

    All measures that the criterion asks for reach their limits: it holds. None does: it does not.
    Some do and some do not: in part. A measure whose interval lies on both sides of its limit is
    open, and so is the verdict if the open one could still change it.
    """
    asked = [measure for measure in measures if measure.asked]
    if not asked:
        raise ValueError("expected a measure with a limit, got none: nothing could be judged")
    by_answer = {answer: [m for m in asked if m.answer is answer] for answer in Answer}
    yes, no, unsure = by_answer[Answer.YES], by_answer[Answer.NO], by_answer[Answer.OPEN]
    if yes and no:
        return Verdict.IN_PART, f"Met: {_named(yes)}. Not met: {_named(no)}."
    if unsure:
        return Verdict.UNDECIDED, f"The interval lies on both sides of the limit: {_named(unsure)}."
    return (Verdict.HOLDS, "All limits are met.") if yes else (Verdict.NOT, "No limit is met.")


def _named(measures: Sequence[Measure]) -> str:
    return "; ".join(measure.what for measure in measures)

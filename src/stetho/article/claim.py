"""What every claim is: a sentence, an experiment, and a criterion that is fixed beforehand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from stetho.record import Answer, Measure, Picture, Verdict


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


SEEDS_APART = 1_000  # between two base seeds, so that no seed is in both


@dataclass(frozen=True, slots=True)
class Setting:
    """How thoroughly an experiment is made, and from which numbers it draws."""

    base: int = 0  # base seed
    quick: bool = False  # a few seconds, and wider intervals

    def seeds(self, full: int, quick: int) -> tuple[int, ...]:
        """So many seeds, which no other base seed has."""
        first = SEEDS_APART * self.base
        return tuple(range(first, first + (quick if self.quick else full)))


@dataclass(frozen=True, slots=True)
class Measured:
    """What an experiment gives."""

    measures: tuple[Measure, ...]
    pictures: tuple[Picture, ...] = ()
    seeds: tuple[int, ...] = ()  # none: nothing was drawn


class AbstractClaim(ABC):
    """A claim of the article. Subclasses are final frozen dataclasses, one a file in `claims/`.

    The docstring says what is done, for a reader who has not read the code. Fields are what the
    experiment is about (the function, the initialisation); their defaults are what the article
    says, and another choice is how `sabotaged` makes the claim untrue.
    """

    id: ClassVar[str]  # "B4"
    title: ClassVar[str]  # a few words
    says: ClassVar[str]  # the claim in a sentence of our own
    criterion: ClassVar[str]  # what must be measured for it to hold, with its limits
    take_away: ClassVar[str]  # what a reader should take from it

    @abstractmethod
    def measure(self, setting: Setting) -> Measured:
        """Make the experiment. Random state, threads and files are left as they were."""

    @classmethod
    @abstractmethod
    def sabotaged(cls) -> AbstractClaim:
        """The same experiment on what the claim is not true of: it must not hold."""

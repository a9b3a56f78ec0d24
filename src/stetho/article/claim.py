"""What every claim is: a sentence, an experiment, and a criterion that is fixed beforehand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from stetho.record import Measure, Picture

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

"""All that a race has brought to light: outcomes of its rungs → what they cost, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from stetho.record import NAN
from stetho.trials.entries import Entry
from stetho.trials.rungs import is_as_it_is
from stetho.trials.scoring import Costs, Score, Table, cost_of_divergence, costs_of, differences
from stetho.trials.settings import Settings
from stetho.trials.statistics import sign_flip_p
from stetho.trials.trial import Outcome, Scouting


@dataclass(frozen=True)
class Evidence:
    """What the verdict is made of."""

    settings: Settings
    scouting: Scouting
    score: Score
    length: int  # of the script itself
    short: Table  # of each candidate with its best learning rate
    last: Table
    out: Mapping[Entry, str]  # entries that did not come to the end, and why
    steps: int  # that all trials took together
    confirmed: Outcome | None = None  # of the winner at full length, with the author's seeds

    @cached_property
    def costs(self) -> Costs:
        """Of the trials of the last rung."""
        return costs_of(self.last, self.score)

    @cached_property
    def entries(self) -> list[Entry]:
        return list(dict.fromkeys([*self.short, *self.out]))

    @cached_property
    def incumbent(self) -> Entry:
        return next(filter(is_as_it_is, self.short))

    def reached(self, entry: Entry) -> Table:
        """The rung that an entry came to."""
        return self.last if entry in self.last else self.short

    def duel(self, entry: Entry, other: Entry) -> Duel:
        """In the last rung."""
        return Duel(tuple(differences(self.costs[entry], self.costs[other])))

    @cached_property
    def score_of_divergence(self) -> float:
        """The score that a trial counts as that diverged; of the rung that the incumbent ran."""
        cost = cost_of_divergence(self.reached(self.incumbent), self.score)
        return cost if self.score.lower else -cost


@dataclass(frozen=True, slots=True)
class Duel:
    """One entry against another in the pairs that both have run."""

    differences: tuple[float, ...]  # cost − the other's cost: below 0 is better

    @property
    def mean(self) -> float:
        return fmean(self.differences) if self.differences else NAN

    @property
    def p(self) -> float:
        return sign_flip_p(self.differences) if self.differences else 1.0

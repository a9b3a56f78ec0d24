"""An outcome → its score; the outcomes of one rung → what each of its trials costs.

A trial whose loss becomes NaN is a result: worse than every trial that has finished. But a mean of
differences needs a number for it. It costs as much as the worst trial of the rung that finished, or
as a network that never moved from where its loss begins, whichever is more: a cautious figure, as
the true one is without bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from stetho.errors import UsageError
from stetho.trials.entries import Entry
from stetho.trials.settings import HELDOUT, TRAINING, lower_is_better
from stetho.trials.trial import Outcome, Scouting


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a race."""

    name: str = TRAINING
    lower: bool = True
    whole: bool = True  # trials are as long as the script

    def of(self, outcome: Outcome) -> float:
        """As people read it; NaN where the trial did not come so far as to have one.

        The training loss counts by the area under its curve: its mean over all steps, or, of a
        trial that is cut short, over the second half of them. (What happens first takes a larger
        part of a short trial than it would of the whole training. On recorded grids the second half
        of a third of the training ranks functions by 0.81 to 0.98 as the whole does, all of that
        third by 0.43 to 0.98.) Metrics and the held-out loss count by what was reported last.
        """
        if not outcome.done:
            return math.nan
        if self.name == TRAINING and outcome.losses:
            return fmean(outcome.losses[0 if self.whole else len(outcome.losses) // 2 :])
        reported = self._reported(outcome)
        return reported[-1][1] if reported else math.nan

    @property
    def words(self) -> str:
        if self.name == TRAINING:
            return (
                f"mean training loss over {'all' if self.whole else 'the second half of the'} steps"
            )
        if self.name == HELDOUT:
            return "last loss that the script computed without gradients"
        return f"last {self.name} that the script reported"

    def cost(self, outcome: Outcome) -> float:
        """As statistics take it: less is better."""
        return self.of(outcome) if self.lower else -self.of(outcome)

    def first_cost(self, outcome: Outcome) -> float:
        """What it cost where it began, whatever became of it since: its first loss or report."""
        if self.name == TRAINING:
            return outcome.losses[0] if outcome.losses else math.nan
        reported = self._reported(outcome)
        first = reported[0][1] if reported else math.nan
        return first if self.lower else -first

    def _reported(self, outcome: Outcome) -> Sequence[tuple[int, float]]:
        return outcome.heldout if self.name == HELDOUT else outcome.metrics.get(self.name, ())


def score_for(metric: str, scouting: Scouting, whole: bool) -> Score:
    """The score that was asked for; else the first metric that the script logs, or its loss.

    `name:min` and `name:max` say which end is the better one, where the name does not.

    Raises:
        UsageError: the script has come to its end and never reported this metric.
    """
    name, colon, end = metric.partition(":")
    if not name:
        name = next(iter(scouting.outcome.metrics), TRAINING)
    if colon and end not in ("min", "max"):
        raise UsageError(f"expected --metric NAME:min or NAME:max, got {metric!r}")
    known = {TRAINING, *scouting.outcome.metrics} | (
        {HELDOUT} if scouting.outcome.heldout else set()
    )
    if scouting.ended and name not in known:
        raise UsageError(
            f"expected a metric that the script reports ({', '.join(sorted(known))}), got "
            f"{name!r}; report it by stetho.log({name.replace('-', '_')}=…)"
        )
    return Score(name, end == "min" if colon else lower_is_better(name), whole)


Outcomes = Mapping[int, Outcome]  # by pair
Table = dict[Entry, dict[int, Outcome]]  # of one rung
Costs = dict[Entry, dict[int, float]]  # NaN: the trial failed otherwise, or has no score


def costs_of(table: Mapping[Entry, Outcomes], score: Score) -> Costs:
    """What each trial costs; less is better."""
    worst = cost_of_divergence(table, score)
    return {
        entry: {
            pair: worst if outcome.diverged else score.cost(outcome)
            for pair, outcome in outcomes.items()
        }
        for entry, outcomes in table.items()
    }


def cost_of_divergence(table: Mapping[Entry, Outcomes], score: Score) -> float:
    """NaN where nothing is known: no trial has finished, and none told where it began."""
    trials = [outcome for outcomes in table.values() for outcome in outcomes.values()]
    finished = [cost for cost in map(score.cost, trials) if math.isfinite(cost)]
    begun = [cost for cost in map(score.first_cost, trials) if math.isfinite(cost)]
    # Of where they begin the median: with some functions a loss begins where no other ever comes.
    return max([*finished, *([median(begun)] if begun else [])], default=math.nan)


def mean_cost(costs: Mapping[int, float]) -> float:
    """Of all trials that have one."""
    known = [cost for cost in costs.values() if math.isfinite(cost)]
    return fmean(known) if known else math.nan


def differences(one: Mapping[int, float], other: Mapping[int, float]) -> list[float]:
    """Costs of one − those of the other, in the pairs that both have run."""
    apart = [one[pair] - other[pair] for pair in sorted(set(one) & set(other))]
    return [value for value in apart if math.isfinite(value)]


def diverged(outcomes: Outcomes) -> int:
    """How many trials did."""
    return sum(outcome.diverged for outcome in outcomes.values())


def rate_of_divergence(outcomes: Outcomes) -> float:
    return diverged(outcomes) / len(outcomes) if outcomes else 0.0


def always_diverges(outcomes: Outcomes) -> bool:
    return bool(outcomes) and diverged(outcomes) == len(outcomes)


def failed_otherwise(outcomes: Outcomes) -> Outcome | None:
    """The first trial that broke off for a reason that says nothing of its loss."""
    broken: Sequence[Outcome] = [o for o in outcomes.values() if not (o.done or o.diverged)]
    return broken[0] if broken else None

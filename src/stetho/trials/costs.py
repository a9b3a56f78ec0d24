"""Outcomes of one rung → what each of its trials costs; one that diverged costs as the worst does.

A trial whose loss becomes NaN is a result: worse than every trial that has finished. But a mean of
differences needs a number for it. It costs as much as the worst trial of the rung that finished, or
as a network that never moved from where its loss begins, whichever is more: a cautious figure, as
the true one is without bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median

from stetho.trials.entries import Entry
from stetho.trials.scoring import Score
from stetho.trials.trial import Outcome

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

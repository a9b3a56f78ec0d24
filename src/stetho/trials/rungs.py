"""Outcomes so far → who is still in the race: pure functions of tables of outcomes.

The numbers here and in `race` were settled on four recorded grids (`bench/grids`): on them a third
of the training ranks functions well enough, and what the first twelfth of it shows is reversed by
the whole where losses are near each other. `bench/choose.py` holds them against two grids more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from stetho.trials.entries import Entry
from stetho.trials.scoring import Score
from stetho.trials.statistics import t_interval
from stetho.trials.trial import Outcome

CLEARLY = 0.05  # level at which the short rung takes what is behind to be behind
HARDLY = 0.8  # and its loss has fallen by less than this part of what the leader's has
SURELY = 0.01  # level at which an entry leaves the last rung early
LOOK_FROM = 3  # pairs from which on it may
FIRST = 3  # losses that stand for where a training begins

Table = dict[Entry, dict[int, Outcome]]


def best_rates(short: Mapping[Entry, Mapping[int, Outcome]], score: Score) -> list[Entry]:
    """The script as it is, and each candidate, its own function too, with its best rate."""
    best: dict[str, Entry] = {}
    for entry, outcomes in short.items():
        known = best.get(entry.name)
        if known is None or mean_cost(outcomes, score) < mean_cost(short[known], score):
            best[entry.name] = entry
    return list(dict.fromkeys([next(filter(is_as_it_is, short)), *best.values()]))


def out_of_race(
    entries: Sequence[Entry],
    chosen: Sequence[Entry],
    short: Table,
    last: Table,
    whole: Mapping[Entry, Outcome],
    score: Score,
) -> dict[Entry, str]:
    """Entries that are out, and why: the others are still in.

    It follows from the outcomes alone, so that an entry which was behind a leader that has failed
    since is back. The script as it is, which all are held against, is never out. `whole` has the
    winners so far at full length.
    """
    out = {entry: f"theory: {entry.dropped}" for entry in entries if entry.dropped}
    for entry in chosen:
        runs = [*short[entry].values(), *last.get(entry, {}).values()]
        failed = next((outcome for outcome in runs if not outcome.done), None)
        if failed is not None and not is_as_it_is(entry):
            out[entry] = failed.why
        if entry in whole and not whole[entry].done:
            out[entry] = f"at full length: {whole[entry].status} ({whole[entry].why})"
    out |= _behind(short, [e for e in chosen if e not in out], score, CLEARLY, HARDLY)
    racing = [e for e in chosen if e not in out and len(last.get(e, {})) >= LOOK_FROM]
    return out | _behind(last, racing, score, SURELY)


def _behind(
    table: Table, among: Collection[Entry], score: Score, level: float, part: float = 1.0
) -> dict[Entry, str]:
    """Entries whose paired interval lies wholly behind the leader's.

    With `part`, only those whose loss has fallen by less than that part of what the leader's has.
    """
    means = {entry: mean_cost(table[entry], score) for entry in among}
    leader = min(means, key=lambda entry: means[entry], default=None)
    if leader is None or not math.isfinite(means[leader]):
        return {}
    found = {}
    for entry in among:
        if is_as_it_is(entry) or not math.isfinite(means[entry]):
            continue
        if part < 1 and _fall(table[entry]) > part * _fall(table[leader]):
            continue
        apart = differences(table[entry], table[leader], score)
        if len(apart) > 1 and t_interval(apart, level)[0] > 0:
            found[entry] = (
                f"clearly behind {leader.label}: {score.name} {fmean(apart):+.3g} over "
                f"{len(apart)} pairs"
            )
    return found


def differences(
    one: Mapping[int, Outcome], other: Mapping[int, Outcome], score: Score
) -> list[float]:
    """Costs of one − those of the other, in the pairs that both have run."""
    pairs = sorted(set(one) & set(other))
    apart = [score.cost(one[pair]) - score.cost(other[pair]) for pair in pairs]
    return [value for value in apart if math.isfinite(value)]


def mean_cost(outcomes: Mapping[int, Outcome], score: Score) -> float:
    """Of all its trials; infinite if one has failed or none has a score."""
    if any(not outcome.done for outcome in outcomes.values()):
        return math.inf
    costs = [score.cost(outcome) for outcome in outcomes.values()]
    known = [cost for cost in costs if not math.isnan(cost)]
    return fmean(known) if known else math.inf


def is_as_it_is(entry: Entry) -> bool:
    """The script as its author left it."""
    return entry.incumbent and entry.lr == 1


def steps_of(table: Mapping[Entry, Mapping[int, Outcome]]) -> int:
    return sum(outcome.steps for outcomes in table.values() for outcome in outcomes.values())


def _fall(outcomes: Mapping[int, Outcome]) -> float:
    """By how much the training loss has fallen from its start to its second half, mean."""
    return fmean(
        fmean(outcome.losses[:FIRST]) - fmean(outcome.losses[len(outcome.losses) // 2 :])
        for outcome in outcomes.values()
        if outcome.losses
    )

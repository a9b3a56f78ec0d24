"""Outcomes so far → who is still in the race: pure functions of tables of outcomes.

The numbers here and in `race` were settled on four recorded grids (`bench/grids`): on them a third
of the training ranks functions well enough, and what the first twelfth of it shows is reversed by
the whole where losses are near each other. `bench/choose.py` holds them against two grids more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from statistics import fmean

from stetho.trials.entries import Entry
from stetho.trials.scoring import (
    Costs,
    Outcomes,
    Score,
    Table,
    always_diverges,
    costs_of,
    differences,
    diverged,
    failed_otherwise,
    mean_cost,
    rate_of_divergence,
)
from stetho.trials.statistics import t_interval
from stetho.trials.trial import Outcome

CLEARLY = 0.05  # level at which the short rung takes what is behind to be behind
HARDLY = 0.8  # and its loss has fallen by less than this part of what the leader's has
SURELY = 0.01  # level at which an entry leaves the last rung early
LOOK_FROM = 3  # pairs from which on it may
FIRST = 3  # losses that stand for where a training begins


def best_rates(short: Table, score: Score) -> list[Entry]:
    """The script as it is, and each candidate, its own function too, with its best rate."""
    costs = costs_of(short, score)
    best: dict[str, Entry] = {}
    for entry in short:
        known = best.get(entry.name)
        if known is None or _standing(short, costs, entry) < _standing(short, costs, known):
            best[entry.name] = entry
    return list(dict.fromkeys([next(filter(is_as_it_is, short)), *best.values()]))


def out_of_race(
    entries: Collection[Entry],
    chosen: Collection[Entry],
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
    trials = {entry: {**short[entry], **last.get(entry, {})} for entry in chosen}
    own = trials[next(filter(is_as_it_is, chosen))]
    for entry in chosen:
        why = _hopeless(short[entry], last.get(entry, {})) or _failure(trials[entry], own)
        if why and not is_as_it_is(entry):
            out[entry] = why
        if entry in whole and not whole[entry].done:
            out[entry] = f"at full length: {whole[entry].status} ({whole[entry].why})"
    steady = [entry for entry in chosen if not diverged(trials[entry])]
    racing = [e for e in chosen if e not in out]
    out |= _behind(
        table=short, among=racing, steady=steady, score=score, level=CLEARLY, part=HARDLY
    )
    racing = [e for e in chosen if e not in out and len(last.get(e, {})) >= LOOK_FROM]
    return out | _behind(last, racing, steady, score, SURELY)


def _failure(trials: Outcomes, own: Outcomes) -> str:
    """Why an entry cannot go on, held against the trials of the script as it is."""
    broken = failed_otherwise(trials)
    if broken is not None:
        return broken.why
    shared = {pair: outcome for pair, outcome in own.items() if pair in trials}
    if diverged(trials) > diverged(shared):
        return "it diverges more often than the unchanged script"
    return ""


def _hopeless(short: Outcomes, last: Outcomes) -> str:
    """Why it does not matter what the script as it is does."""
    enough = len(last) >= LOOK_FROM
    return "no trial came to its end" if always_diverges(last if enough else short) else ""


def _behind(
    table: Table,
    among: Collection[Entry],
    steady: Collection[Entry],
    score: Score,
    level: float,
    part: float = 1.0,
) -> dict[Entry, str]:
    """Entries whose paired interval lies wholly behind the leader's, the best of the steady ones.

    What has diverged on any seed puts nobody out: it may not last itself. With `part`, only those
    are found whose loss has fallen by less than that part of what the leader's has.
    """
    costs = costs_of(table, score)
    leaders = [entry for entry in among if entry in steady]
    leader = min(leaders, key=lambda entry: _standing(table, costs, entry), default=None)
    if leader is None or not math.isfinite(mean_cost(costs[leader])):
        return {}
    found = {}
    for entry in among:
        if is_as_it_is(entry):
            continue
        if part < 1 and _fall(table[entry]) > part * _fall(table[leader]):
            continue
        apart = differences(costs[entry], costs[leader])
        if len(apart) > 1 and t_interval(apart, level)[0] > 0:
            found[entry] = (
                f"clearly behind {leader.label}: {score.name} {fmean(apart):+.3g} over "
                f"{len(apart)} pairs"
            )
    return found


def _standing(table: Table, costs: Costs, entry: Entry) -> tuple[float, float]:
    """Less is better: its mean cost, then how often it diverged.

    Infinite if a trial failed otherwise, or if none has a score.
    """
    mean = mean_cost(costs[entry]) if failed_otherwise(table[entry]) is None else math.inf
    return (mean if math.isfinite(mean) else math.inf), rate_of_divergence(table[entry])


def is_as_it_is(entry: Entry) -> bool:
    """The script as its author left it."""
    return entry.incumbent and entry.lr == 1


def _fall(outcomes: Outcomes) -> float:
    """By how much the training loss has fallen from its start to its second half, mean.

    Of a trial that diverged: not at all.
    """
    falls = [
        0.0
        if outcome.diverged
        else fmean(outcome.losses[:FIRST]) - fmean(outcome.losses[len(outcome.losses) // 2 :])
        for outcome in outcomes.values()
        if outcome.losses
    ]
    return fmean(falls) if falls else math.nan

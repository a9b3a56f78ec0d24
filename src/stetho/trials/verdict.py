"""Outcomes of a race → the choice: who wins, by how much, how sure that is, and what it costs."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from stetho.record import NAN, CandidateResult, Choice
from stetho.trials import advice
from stetho.trials import trial as forms
from stetho.trials.entries import Entry
from stetho.trials.evidence import Duel, Evidence
from stetho.trials.recipe import parse
from stetho.trials.rows import row_of, sentences
from stetho.trials.scoring import Score, mean_cost, rate_of_divergence
from stetho.trials.settings import Settings
from stetho.trials.statistics import LEVEL, holm, paired_gain
from stetho.version import __version__

GRID_SEEDS = 12  # of a full grid, which the price of a race is held against
NEAR = 0.9  # part of the leader's gain over the incumbent with which an equal is as good
COSTS = {"free": 0, "cheap": 1, "exponential": 2, "several": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """Who wins, and by what."""

    winner: Entry
    tied: tuple[Entry, ...]  # the winner and its equals
    duels: Mapping[Entry, Duel]  # of each rival against the incumbent
    ps: Mapping[Entry, float]  # of these, corrected for their number
    finished: tuple[Entry, ...]  # rivals that are not out


def decide(
    evidence: Evidence, notes: Sequence[str] = (), complete: bool = True, seconds: float = 0.0
) -> Choice:
    """The verdict, by rules that are fixed beforehand.

    "Better" is said of a candidate whose paired differences to the incumbent pass a sign-flip test
    at 5 %, corrected by Holm for all that entered the last rung. If none does, the incumbent stays.
    Among those that do, the leader and all that cannot be told from it are a tie, and the cheapest
    wins of those that gain nine tenths of what the leader gains.
    """
    settled, score = _settle(evidence), evidence.score
    rows = [
        row_of(evidence, entry, settled.duels.get(entry), settled.ps.get(entry, NAN))
        for entry in evidence.entries
    ]
    rows.sort(key=lambda row: _rank(row, settled.winner, score))
    choice = Choice(
        command=_command(evidence.settings),
        winner=settled.winner.label,
        tie=len(settled.tied) > 1,
        score=score.name,
        lower_is_better=score.lower,
        incumbent=evidence.incumbent.label,
        candidates=tuple(rows),
        tied=tuple(entry.label for entry in settled.tied),
        scored=score.words,
        notes=(*notes, *sentences(evidence, settled.winner)),
        steps=evidence.steps,
        full_grid_steps=len(evidence.entries) * GRID_SEEDS * evidence.length,
        paired_gain=_paired_gain(evidence, settled.finished),
        seconds=seconds,
        complete=complete,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions={"stetho": __version__, "python": platform.python_version()},
        diverged_score=evidence.score_of_divergence,
    )
    choice = replace(choice, verdict=advice.verdict(choice))
    return replace(choice, advice=advice.advice(choice))


def winner_of(evidence: Evidence) -> Entry:
    """The entry that `decide` calls the winner."""
    return _settle(evidence).winner


def _settle(evidence: Evidence) -> _Settled:
    incumbent = evidence.incumbent
    rivals = [entry for entry in evidence.last if entry != incumbent]
    finished = [entry for entry in rivals if entry not in evidence.out]
    duels = {entry: evidence.duel(entry, incumbent) for entry in rivals}
    raw = [duels[entry].p if entry in finished else 1.0 for entry in rivals]
    ps = dict(zip(rivals, holm(raw), strict=True))
    better = [entry for entry in finished if ps[entry] < LEVEL and duels[entry].mean < 0]
    tied = _tied(evidence, better) if better else _with_incumbent(evidence, finished, ps)
    winner = _cheapest(evidence, tied) if better else incumbent
    return _Settled(winner=winner, tied=tuple(tied), duels=duels, ps=ps, finished=tuple(finished))


def _tied(evidence: Evidence, better: Sequence[Entry]) -> list[Entry]:
    """The leader, and all that cannot be told from it."""
    leader = min(better, key=lambda entry: mean_cost(evidence.costs[entry]))
    others = [entry for entry in better if entry != leader]
    ps = holm([evidence.duel(entry, leader).p for entry in others])
    return [leader, *(entry for entry, p in zip(others, ps, strict=True) if p >= LEVEL)]


def _with_incumbent(
    evidence: Evidence, finished: Sequence[Entry], ps: Mapping[Entry, float]
) -> list[Entry]:
    """None is better: the incumbent, and those that are not worse either."""
    return [evidence.incumbent, *(entry for entry in finished if ps[entry] >= LEVEL)]


def _cheapest(evidence: Evidence, tied: Sequence[Entry]) -> Entry:
    """Of the leader and those that come near it: a small sample is no reason to give up much."""
    leader, incumbent = tied[0], evidence.incumbent
    gains = {entry: -evidence.duel(entry, incumbent).mean for entry in tied}
    rates = {entry: rate_of_divergence(evidence.last[entry]) for entry in tied}
    near = [e for e in tied if gains[e] >= NEAR * gains[leader] and rates[e] <= rates[leader]]
    return min(near, key=_price)


def _price(entry: Entry) -> tuple[float, str]:
    """Cheapest first: by what the function computes, learns and draws, then by name."""
    recipe = parse(entry.name)
    record = recipe.function
    extra = 0.5 * bool(record.learned) + 0.5 * record.random + 2 * (recipe.norm is not None)
    return COSTS[record.cost] + extra, entry.name


# -- around ----------------------------------------------------------------------------------------


def _rank(row: CandidateResult, winner: Entry, score: Score) -> tuple[int, float]:
    """The winner, then all that ran to the end by their score, then the others."""
    value = row.score if score.lower else -row.score
    place = 0 if row.name == winner.label else 1 if row.status == forms.DONE else 2
    return place, value if math.isfinite(value) else math.inf


def _paired_gain(evidence: Evidence, finished: Sequence[Entry]) -> float:
    """What pairing is worth: the median over candidates of the variances' ratio."""
    gains, own = [], evidence.costs.get(evidence.incumbent, {})
    for entry in finished:
        costs = evidence.costs[entry]
        pairs = [p for p in sorted(set(costs) & set(own)) if math.isfinite(costs[p] + own[p])]
        if len(pairs) > 2:
            gains.append(paired_gain([costs[p] for p in pairs], [own[p] for p in pairs]))
    known = [gain for gain in gains if math.isfinite(gain)]
    return median(known) if known else NAN


def _command(settings: Settings) -> str:
    script = settings.script
    module = ["-m"] if script.as_module else []
    target = Path(script.target)
    below = script.folder and target.is_relative_to(script.folder)
    shown = str(target.relative_to(script.folder)) if below else script.target
    return " ".join(["stetho choose", *module, shown, *script.arguments])

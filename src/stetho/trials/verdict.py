"""Outcomes of a race → the choice: who wins, by how much, how sure that is, and what it costs."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from statistics import fmean, median

from stetho.record import NAN, CandidateResult, Choice
from stetho.trials import advice
from stetho.trials import trial as forms
from stetho.trials.entries import Entry
from stetho.trials.recipe import parse
from stetho.trials.rungs import differences, is_as_it_is
from stetho.trials.scoring import Score
from stetho.trials.settings import Settings
from stetho.trials.statistics import LEVEL, bootstrap, holm, paired_gain, sign_flip_p
from stetho.trials.trial import Outcome, Scouting
from stetho.version import __version__

GRID_SEEDS = 12  # of a full grid, which the price of a race is held against
NEAR = 0.9  # part of the leader's gain over the incumbent with which an equal is as good
POINTS = 60  # of a curve
COSTS = {"free": 0, "cheap": 1, "exponential": 2, "several": 3}
MEMORY = 100e6  # bytes; what a trial grows by less is the interpreter's own
WARNINGS = ("warning", "fault")

Outcomes = Mapping[int, Outcome]
Table = Mapping[Entry, Outcomes]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a race has brought to light."""

    settings: Settings
    scouting: Scouting
    score: Score
    length: int  # of the script itself
    short: Table  # of each candidate with its best learning rate
    last: Table
    out: Mapping[Entry, str]  # entries that did not come to the end, and why
    steps: int  # that all trials took together
    confirmed: Outcome | None = None  # of the winner at full length, with the author's seeds


@dataclass(frozen=True, slots=True)
class _Duel:
    """One entry against another in the pairs that both have run."""

    differences: tuple[float, ...]  # cost − the other's cost: below 0 is better

    @property
    def mean(self) -> float:
        return fmean(self.differences) if self.differences else NAN

    @property
    def p(self) -> float:
        return sign_flip_p(self.differences) if self.differences else 1.0


def decide(
    evidence: Evidence, notes: Sequence[str] = (), complete: bool = True, seconds: float = 0.0
) -> Choice:
    """The verdict, by rules that are fixed beforehand.

    "Better" is said of a candidate whose paired differences to the incumbent pass a sign-flip test
    at 5 %, corrected by Holm for all that entered the last rung. If none does, the incumbent stays.
    Among those that do, the leader and all that cannot be told from it are a tie, and the cheapest
    wins of those that gain nine tenths of what the leader gains.
    """
    last, score = evidence.last, evidence.score
    incumbent, winner, tied, duels, ps = _settled(evidence)
    finished = [entry for entry in duels if entry not in evidence.out]
    rows = [
        _row(evidence, entry, incumbent, duels.get(entry), ps.get(entry, NAN))
        for entry in _all_entries(evidence)
    ]
    rows.sort(key=lambda row: _rank(row, winner, score))
    choice = Choice(
        command=_command(evidence.settings),
        winner=winner.label,
        tie=len(tied) > 1,
        score=score.name,
        lower_is_better=score.lower,
        incumbent=incumbent.label,
        candidates=tuple(rows),
        tied=tuple(entry.label for entry in tied),
        scored=score.words,
        notes=(*notes, *_notes(evidence)),
        steps=evidence.steps,
        full_grid_steps=len(_all_entries(evidence)) * GRID_SEEDS * evidence.length,
        paired_gain=_paired_gain(last, incumbent, finished, score),
        seconds=seconds,
        complete=complete,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions={"stetho": __version__, "python": platform.python_version()},
    )
    choice = replace(choice, verdict=advice.verdict(choice))
    return replace(choice, advice=advice.advice(choice))


def winner_of(evidence: Evidence) -> Entry:
    """The entry that `decide` calls the winner."""
    return _settled(evidence)[1]


def _settled(
    evidence: Evidence,
) -> tuple[Entry, Entry, list[Entry], dict[Entry, _Duel], dict[Entry, float]]:
    """The incumbent, the winner and its equals; each rival against the incumbent, and its p."""
    last, score = evidence.last, evidence.score
    incumbent = next(filter(is_as_it_is, evidence.short))
    rivals = [entry for entry in last if entry != incumbent]
    finished = [entry for entry in rivals if entry not in evidence.out]
    duels = {entry: _duel(last, entry, incumbent, score) for entry in rivals}
    raw = [duels[entry].p if entry in finished else 1.0 for entry in rivals]
    ps = dict(zip(rivals, holm(raw), strict=True))
    better = [entry for entry in finished if ps[entry] < LEVEL and duels[entry].mean < 0]
    tied = _tied(last, better, score) if better else _with_incumbent(incumbent, finished, ps)
    winner = _cheapest(last, tied, incumbent, score) if better else incumbent
    return incumbent, winner, tied, duels, ps


def _all_entries(evidence: Evidence) -> list[Entry]:
    return list(dict.fromkeys([*evidence.short, *evidence.out]))


def _duel(table: Table, entry: Entry, other: Entry, score: Score) -> _Duel:
    return _Duel(tuple(differences(table[entry], table[other], score)))


def _tied(table: Table, better: Sequence[Entry], score: Score) -> list[Entry]:
    """The leader, and all that cannot be told from it."""
    leader = min(better, key=lambda e: fmean(score.cost(o) for o in table[e].values()))
    others = [entry for entry in better if entry != leader]
    ps = holm([_duel(table, entry, leader, score).p for entry in others])
    return [leader, *(entry for entry, p in zip(others, ps, strict=True) if p >= LEVEL)]


def _with_incumbent(
    incumbent: Entry, finished: Sequence[Entry], ps: Mapping[Entry, float]
) -> list[Entry]:
    """None is better: the incumbent, and those that are not worse either."""
    return [incumbent, *(entry for entry in finished if ps[entry] >= LEVEL)]


def _cheapest(table: Table, tied: Sequence[Entry], incumbent: Entry, score: Score) -> Entry:
    """Of the leader and those that come near it: a small sample is no reason to give up much."""
    gains = {entry: -_duel(table, entry, incumbent, score).mean for entry in tied}
    return min((e for e in tied if gains[e] >= NEAR * gains[tied[0]]), key=_price)


def _price(entry: Entry) -> tuple[float, str]:
    """Cheapest first: by what the function computes, learns and draws, then by name."""
    recipe = parse(entry.name)
    record = recipe.function
    extra = 0.5 * bool(record.learned) + 0.5 * record.random + 2 * (recipe.norm is not None)
    return COSTS[record.cost] + extra, entry.name


# -- rows ------------------------------------------------------------------------------------------


def _row(
    evidence: Evidence, entry: Entry, incumbent: Entry, duel: _Duel | None, p: float
) -> CandidateResult:
    score = evidence.score
    outcomes = evidence.last.get(entry) or evidence.short.get(entry) or {}
    reached = evidence.last if entry in evidence.last else evidence.short
    against = reached.get(incumbent, {})
    status, why = _status(evidence, entry, outcomes)
    sign = 1 if score.lower else -1
    fair = duel is not None and len(duel.differences) > 1
    low, high = bootstrap(duel.differences) if duel is not None and fair else (NAN, NAN)
    return CandidateResult(
        entry.label,
        status,
        why,
        entry == incumbent,
        parse(entry.name).init or entry.init,
        entry.lr,
        _mean([score.of(outcome) for outcome in outcomes.values()]),
        sign * duel.mean if duel is not None else NAN,
        (low, high) if score.lower else (-high, -low),
        p,
        len(outcomes),
        max((outcome.steps for outcome in outcomes.values()), default=0),
        1.0 if entry == incumbent else _ratio(outcomes, against, "step_seconds"),
        1.0 if entry == incumbent else _ratio(outcomes, against, "memory", MEMORY),
        _mean([o.heldout[-1][1] for o in outcomes.values() if o.done and o.heldout]),
        _mean([_end(o.losses) for o in outcomes.values() if o.done and o.losses]),
        _curve([o.losses for o in outcomes.values() if o.done and o.losses]),
    )


def _status(evidence: Evidence, entry: Entry, outcomes: Outcomes) -> tuple[str, str]:
    """What became of an entry, and why."""
    failed = {pair: outcome for pair, outcome in outcomes.items() if not outcome.done}
    if failed:
        first = next(iter(failed.values()))
        often = f" (in {len(failed)} of {len(outcomes)} trials)" if len(outcomes) > 1 else ""
        return first.status, f"{first.why}{often}"
    if entry.dropped:
        return "dropped", evidence.out.get(entry, entry.dropped)
    said = _diagnosis(evidence.short.get(entry, {}))
    if entry in evidence.out:
        return "eliminated", "; ".join(filter(None, (evidence.out[entry], said)))
    return forms.DONE, said


def _diagnosis(outcomes: Outcomes) -> str:
    """What the watched trial of an entry says against it."""
    for outcome in outcomes.values():
        for severity, rule, message in outcome.findings:
            if severity in WARNINGS:
                return f"{rule}: {message}"
    return ""


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return fmean(known) if known else NAN


def _ratio(outcomes: Outcomes, against: Outcomes, field: str, least: float = 0.0) -> float:
    """Median over pairs of a quantity against the incumbent's; watched trials tell no times.

    Quantities of which none is above `least` are noise.
    """
    shared = [p for p in outcomes if p in against and p != 0]
    pairs = [(getattr(outcomes[p], field), getattr(against[p], field)) for p in shared]
    ratios = [a / b for a, b in pairs if b > 0 and math.isfinite(a) and max(a, b) > least]
    return median(ratios) if ratios else NAN


def _end(losses: Sequence[float]) -> float:
    return fmean(losses[-max(1, len(losses) // 10) :])


def _curve(runs: Sequence[Sequence[float]]) -> tuple[tuple[float, float, float], ...]:
    """Equal stretches of steps: mean, lowest and highest over the runs."""
    if not runs:
        return ()
    count = min(POINTS, *(len(run) for run in runs))
    points = []
    for i in range(count):
        means = []
        for run in runs:
            a, b = len(run) * i // count, len(run) * (i + 1) // count
            means.append(fmean(run[a:b]))
        known = [value for value in means if math.isfinite(value)]
        points.append((fmean(known), min(known), max(known)) if known else (NAN, NAN, NAN))
    return tuple(points)


def _rank(row: CandidateResult, winner: Entry, score: Score) -> tuple[int, float]:
    """The winner, then all that ran to the end by their score, then the others."""
    value = row.score if score.lower else -row.score
    place = 0 if row.name == winner.label else 1 if row.status == forms.DONE else 2
    return place, value if math.isfinite(value) else math.inf


# -- around ----------------------------------------------------------------------------------------


def _paired_gain(table: Table, incumbent: Entry, finished: Sequence[Entry], score: Score) -> float:
    """What pairing is worth: the median over candidates of the variances' ratio."""
    gains = []
    for entry in finished:
        pairs = sorted(set(table[entry]) & set(table[incumbent]))
        if len(pairs) > 2:
            a = [score.cost(table[entry][p]) for p in pairs]
            b = [score.cost(table[incumbent][p]) for p in pairs]
            gains.append(paired_gain(a, b))
    known = [gain for gain in gains if math.isfinite(gain)]
    return median(known) if known else NAN


def _notes(evidence: Evidence) -> list[str]:
    scouting, notes = evidence.scouting, []
    sites = sum(len(place.sites) for place in scouting.places)
    notes.append(
        f"{scouting.incumbent} was replaced at {sites} site{'' if sites == 1 else 's'}"
        + (f"; left as they are: {'; '.join(scouting.left[:5])}" if scouting.left else "")
        + ("; …" if len(scouting.left) > 5 else "")
    )
    if evidence.confirmed is not None:
        notes.append(_confirmation(evidence, evidence.confirmed))
    for entry in evidence.short:
        if entry.note:
            notes.append(
                f"{entry.name} begins at its critical point: with the author's weights {entry.note}"
            )
    incumbents = next(v for e, v in evidence.short.items() if e.incumbent and e.lr == 1)
    areas = [outcome.area for outcome in incumbents.values()]
    if len(areas) > 1 and len(set(areas)) == 1:
        notes.append(
            "seeds have no effect: all trials of one candidate are the same run, so that pairs "
            "show nothing; does the script seed itself by other means than torch, random, NumPy?"
        )
    if evidence.settings.lr_grid == (1.0,) and _diverged(evidence):
        notes.append(
            f"{' and '.join(_diverged(evidence))} diverged at the script's learning rate: "
            "--lr-grid 0.3,1 gives each candidate a smaller one to choose"
        )
    return [*notes, *scouting.unseen]


def _confirmation(evidence: Evidence, outcome: Outcome) -> str:
    own, score = evidence.scouting.outcome, replace(evidence.score, whole=True)
    return (
        f"at full length ({outcome.steps} steps, the script's own seeds) the {score.words} is "
        f"{score.of(outcome):.3g} with the winner and {score.of(own):.3g} with the script as it is"
    )


def _diverged(evidence: Evidence) -> list[str]:
    tables = (*evidence.short.items(), *evidence.last.items())
    names = [e.name for e, runs in tables for o in runs.values() if o.status == forms.DIVERGED]
    return list(dict.fromkeys(names))


def _command(settings: Settings) -> str:
    script = settings.script
    module = ["-m"] if script.as_module else []
    target = Path(script.target)
    below = script.folder and target.is_relative_to(script.folder)
    shown = str(target.relative_to(script.folder)) if below else script.target
    return " ".join(["stetho choose", *module, shown, *script.arguments])

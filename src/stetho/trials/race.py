"""Settings and an engine → a choice: a short rung that only eliminates, then the last one.

A race is a function of its settings and of the outcomes of its trials, so that one that was
interrupted goes on from the outcomes that it has.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Protocol

from stetho.errors import UsageError
from stetho.record import Choice
from stetho.store.race_file import RaceFile
from stetho.trials import verdict
from stetho.trials.engine import AbstractEngine, Errand
from stetho.trials.entries import Entry, entries_of
from stetho.trials.recipe import parse
from stetho.trials.scoring import Score, score_for
from stetho.trials.settings import Settings
from stetho.trials.statistics import pairs_needed, t_interval
from stetho.trials.trial import Outcome, Scouting, Trial, outcome_of, scouting_of, to_json

SHORT_PAIRS = 3  # of the short rung
SHORT = 0.25  # its steps, as a part of the last rung's
SHARE = 0.25  # the last rung's steps, as a part of the script's own
FEWEST = 30  # steps of a trial
WAVE = 2  # pairs that run between two looks
HEDGE = 2  # candidates that are never eliminated, however far the leader is in front
LOOK_FROM = 4  # pairs from which on the last rung leaves out what is clearly behind
CLEARLY = 0.01  # level of that
SCOUT = 0.15  # part of the budget that a look at the unchanged script may take
START = 0.3  # seconds that a trial costs besides its steps
SLOWEST = 5.0  # times as long as the incumbent's that a trial may take

Table = dict[Entry, dict[int, Outcome]]


class Progress(Protocol):
    """Is told how a race goes."""

    def phase(self, title: str, trials: int, steps: int) -> None: ...

    def ended(self, trial: Trial, outcome: Outcome) -> None: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What the race will do."""

    short: int  # steps of a trial of the short rung
    last: int
    length: int  # of the script itself, as far as it is known
    seconds: float | None  # that one trial may take
    notes: tuple[str, ...] = ()


class Race:
    """One race; `run` it once."""

    def __init__(
        self, settings: Settings, engine: AbstractEngine, file: RaceFile | None, progress: Progress
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._file = file
        self._progress = progress
        self._began = time.monotonic()
        self._cut = False  # the budget has run out

    def run(self) -> Choice:
        """Run it to its verdict.

        Raises:
            UsageError: the script cannot be raced: it fails by itself, takes no steps, or has no
                hidden site.
        """
        settings = self._settings
        scouting = self._scout()
        score = score_for(settings.metric, scouting)
        entries = entries_of(settings.candidates, scouting, settings.init)
        plan = self._plan(scouting, sum(not entry.dropped for entry in entries))
        self._engine.prepare(scouting.modules)
        short = self._short_rung(entries, scouting, plan, score)
        chosen = self._chosen(short, score)
        finalists, out = self._eliminated(entries, chosen, short, score)
        last = self._last_rung(finalists, scouting, plan, score, out)
        evidence = verdict.Evidence(
            settings,
            scouting,
            score,
            plan.length,
            {entry: short[entry] for entry in chosen},
            last,
            out,
            scouting.outcome.steps + _steps(short) + _steps(last),
        )
        evidence = self._confirmed(evidence, plan)
        return verdict.decide(
            evidence,
            notes=(*plan.notes, *([_CUT] if self._cut else [])),
            complete=not self._cut,
            seconds=time.monotonic() - self._began,
        )

    # -- before ----------------------------------------------------------------------------------

    def _scout(self) -> Scouting:
        settings = self._settings
        kept = self._file.get("scouting") if self._file is not None else None
        if kept is not None:
            return scouting_of(json.loads(kept))
        self._progress.phase("a look at the script as it is", 1, 0)
        seconds = max(10.0, SCOUT * settings.budget)
        look = Trial(settings.script, "relu", incumbent=True, steps=settings.steps, seconds=seconds)
        functions = tuple(dict.fromkeys([*settings.candidates, *self._replaced()]))
        scouting = self._engine.scout(Errand(look, functions, settings.replace, settings.sites))
        refuse_unfit(scouting)
        if scouting.incumbent not in scouting.ways:  # found by now: theory looks at it as well
            errand = Errand(
                replace(look, steps=2), (scouting.incumbent,), settings.replace, settings.sites
            )
            ways = {**scouting.ways, **self._engine.scout(errand).ways}
            scouting = replace(scouting, ways=ways)
        if self._file is not None:
            self._file.put("scouting", to_json(scouting))
        self._progress.ended(look, scouting.outcome)
        return scouting

    def _replaced(self) -> tuple[str, ...]:
        return (self._settings.replace,) if self._settings.replace else ()

    def _plan(self, scouting: Scouting, entries: int) -> Plan:
        """How long the trials are: as asked, or a part of the script, and within the budget."""
        settings, length = self._settings, scouting.outcome.steps
        last = settings.steps or (
            max(min(FEWEST, length), math.ceil(SHARE * length)) if scouting.ended else length
        )
        step = scouting.outcome.step_seconds
        notes = []
        pairs = pairs_needed(entries - 1, settings.pairs)
        trials = SHORT_PAIRS * len(settings.lr_grid) * entries + pairs * entries
        steps = SHORT * SHORT_PAIRS * len(settings.lr_grid) * entries + pairs * entries
        room = settings.budget * self._engine.workers - START * trials
        affordable = int(room / (steps * step)) if step > 0 else last
        if settings.steps is None and affordable < last:
            last = max(min(FEWEST, last), affordable)
            notes.append(f"trials are cut to {last} steps, to fit into the budget")
        if scouting.ended and settings.steps is not None:
            last = min(last, length)
        limit = SLOWEST * (last * step + 10) if step > 0 else None
        short = min(last, max(min(FEWEST, last), math.ceil(SHORT * last)))
        return Plan(short, last, length if scouting.ended else last, limit, tuple(notes))

    # -- rungs -----------------------------------------------------------------------------------

    def _short_rung(
        self, entries: Sequence[Entry], scouting: Scouting, plan: Plan, score: Score
    ) -> Table:
        """All candidates, with each learning rate, on few seeds."""
        rated = [
            replace(entry, lr=factor)
            for entry in entries
            if not entry.dropped
            for factor in (self._settings.lr_grid if not entry.incumbent else (1.0, *self._rates()))
        ]
        self._progress.phase("short rung", SHORT_PAIRS * len(rated), plan.short)
        table: Table = {entry: {} for entry in rated}
        trials = {}
        for pair in range(SHORT_PAIRS):
            for entry in rated:
                trial = entry.trial(self._settings.script, scouting.places, pair, plan.short)
                trials[self._limited(trial, plan, watch=pair == 0)] = entry
        for trial, outcome in self._outcomes(list(trials)):
            table[trials[trial]][trial.pair] = outcome
        return table

    def _rates(self) -> tuple[float, ...]:
        return tuple(factor for factor in self._settings.lr_grid if factor != 1)

    def _chosen(self, short: Table, score: Score) -> list[Entry]:
        """The incumbent as it is, and each candidate (it too) with its best learning rate."""
        best: dict[str, Entry] = {}
        for entry, outcomes in short.items():
            known = best.get(entry.name)
            if known is None or _mean(outcomes, score) < _mean(short[known], score):
                best[entry.name] = entry
        return list(dict.fromkeys([next(filter(_is_as_it_is, short)), *best.values()]))

    def _eliminated(
        self, entries: Sequence[Entry], chosen: Sequence[Entry], short: Table, score: Score
    ) -> tuple[list[Entry], dict[Entry, str]]:
        """Entries that go on, and why the others do not."""
        out = {entry: f"theory: {entry.dropped}" for entry in entries if entry.dropped}
        for entry in chosen:
            failed = next((o for o in short[entry].values() if not o.done), None)
            if failed is not None and not _is_as_it_is(entry):
                out[entry] = failed.why
        racing = [entry for entry in chosen if entry not in out]
        out |= _behind({entry: short[entry] for entry in racing}, score, 0.05)
        return [entry for entry in racing if entry not in out], out

    def _last_rung(
        self,
        finalists: Sequence[Entry],
        scouting: Scouting,
        plan: Plan,
        score: Score,
        out: dict[Entry, str],
    ) -> Table:
        """Fresh seeds, in pairs; what is clearly behind leaves early, the incumbent never."""
        rivals = sum(not _is_as_it_is(entry) for entry in finalists)
        pairs = pairs_needed(rivals, self._settings.pairs)
        if not rivals:
            return {}
        self._progress.phase("last rung", pairs * len(finalists), plan.last)
        table: Table = {entry: {} for entry in finalists}
        racing = list(finalists)
        for first in range(SHORT_PAIRS, SHORT_PAIRS + pairs, WAVE):
            trials = {}
            for pair in range(first, min(first + WAVE, SHORT_PAIRS + pairs)):
                for entry in racing:
                    trial = entry.trial(self._settings.script, scouting.places, pair, plan.last)
                    trials[self._limited(trial, plan)] = entry
            for trial, outcome in self._outcomes(list(trials)):
                table[trials[trial]][trial.pair] = outcome
            _refuse_silent(table, score, plan.last)
            if first + WAVE - SHORT_PAIRS >= LOOK_FROM:
                out |= _behind({entry: table[entry] for entry in racing}, score, CLEARLY)
            for entry in racing:
                failed = next((o for o in table[entry].values() if not o.done), None)
                if failed is not None and not _is_as_it_is(entry):
                    out[entry] = failed.why
            racing = [entry for entry in racing if entry not in out]
            if self._cut or len(racing) < 2:
                break
        return table

    def _confirmed(self, evidence: verdict.Evidence, plan: Plan) -> verdict.Evidence:
        """The winner once at full length, with the author's seeds: short trials may not tell all.

        One that fails there is out, and the next one takes its place.
        """
        while not self._cut and plan.last < plan.length:
            winner = verdict.winner_of(evidence)
            if _is_as_it_is(winner):
                break
            trial = winner.trial(self._settings.script, evidence.scouting.places, 0)
            self._progress.phase(f"{winner.label} at full length", 1, plan.length)
            limit = plan.seconds and plan.seconds * plan.length / plan.last
            found = list(self._outcomes([replace(self._limited(trial, plan), seconds=limit)]))
            if not found:
                break
            outcome = found[0][1]
            evidence = replace(evidence, confirmed=outcome, steps=evidence.steps + outcome.steps)
            if outcome.done:
                break
            why = f"at full length: {outcome.status} ({outcome.why})"
            evidence = replace(evidence, out={**evidence.out, winner: why}, confirmed=None)
        return evidence

    def _limited(self, trial: Trial, plan: Plan, watch: bool = False) -> Trial:
        return replace(
            trial, seconds=plan.seconds, memory=self._settings.memory, watch=watch and trial.lr == 1
        )

    def _outcomes(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Outcome]]:
        """Outcomes that are known already, and then those of the trials that are to be run."""
        missing = []
        for trial in trials:
            kept = self._file.trial(trial.key) if self._file is not None else None
            if kept is None:
                missing.append(trial)
            else:
                outcome = outcome_of(json.loads(kept))
                self._progress.ended(trial, outcome)
                yield trial, outcome
        if self._cut:
            return
        for trial, outcome in self._engine.run(missing):
            if self._file is not None:
                self._file.put_trial(trial.key, to_json(outcome))
            self._progress.ended(trial, outcome)
            yield trial, outcome
        self._cut = self._cut or time.monotonic() - self._began > self._settings.budget


_CUT = "the budget ran out before all pairs were run"


def refuse_unfit(scouting: Scouting) -> None:
    outcome = scouting.outcome
    if not outcome.done:
        raise UsageError(
            f"expected a script that runs by itself, but it ended by itself: {outcome.status} "
            f"({outcome.why}); try `stetho run` on it first"
        )
    if not outcome.steps:
        raise UsageError(
            "expected a training script, but no optimizer took a step; a loop without a torch "
            "optimizer cannot be raced"
        )
    if not scouting.places:
        left = "; ".join(scouting.left[:6])
        raise UsageError(
            "expected a hidden activation function to replace, but there is none"
            + (f" ({left}); name sites by --sites, or the function by --replace" if left else "")
        )
    parse(scouting.incumbent)


def _refuse_silent(table: Table, score: Score, steps: int) -> None:
    """Go on only if some trial has a score."""
    done = [o for outcomes in table.values() for o in outcomes.values() if o.done]
    if done and all(math.isnan(score.of(outcome)) for outcome in done):
        raise UsageError(
            f"expected {score.name} to be reported within {steps} steps, but no trial did so; "
            f"report it by stetho.log({score.name.replace('-', '_')}=…), or take more --steps"
        )


def _mean(outcomes: Mapping[int, Outcome], score: Score) -> float:
    costs = [score.cost(outcome) for outcome in outcomes.values()]
    if not costs or any(not outcome.done for outcome in outcomes.values()):
        return math.inf
    known = [cost for cost in costs if not math.isnan(cost)]
    return fmean(known) if known else math.inf


def _steps(table: Table) -> int:
    return sum(outcome.steps for outcomes in table.values() for outcome in outcomes.values())


def _is_as_it_is(entry: Entry) -> bool:
    """The script as its author left it."""
    return entry.incumbent and entry.lr == 1


def _behind(table: Table, score: Score, level: float) -> dict[Entry, str]:
    """Entries whose paired interval lies wholly behind the leader's.

    Never the script as it is, which all are held against, nor the runner-up, for the case that the
    leader fails later.
    """
    means = {entry: _mean(outcomes, score) for entry, outcomes in table.items()}
    ordered = sorted(means, key=lambda entry: means[entry])
    kept = {entry for entry in table if _is_as_it_is(entry)}
    kept |= set([entry for entry in ordered if entry not in kept][:HEDGE])
    leader, found = ordered[0], {}
    for entry in table:
        if entry in kept or not math.isfinite(means[entry]):
            continue
        shared = sorted(set(table[entry]) & set(table[leader]))
        apart = [score.cost(table[entry][p]) - score.cost(table[leader][p]) for p in shared]
        if len(apart) > 1 and t_interval(apart, level)[0] > 0:
            found[entry] = (
                f"clearly behind {leader.label}: {score.name} {fmean(apart):+.3g} over "
                f"{len(apart)} pairs"
            )
    return found

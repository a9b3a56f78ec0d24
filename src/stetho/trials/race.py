"""Settings and an engine → a choice: a short rung that only eliminates, then the last one.

A race is a function of its settings and of the outcomes of its trials, so that one that was
interrupted goes on from the outcomes that it has.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from stetho.errors import UnknownActivation, UsageError
from stetho.record import Choice
from stetho.store.race_file import RaceFile
from stetho.trials import rungs, verdict
from stetho.trials import trial as forms
from stetho.trials.engine import AbstractEngine, Errand
from stetho.trials.entries import Entry, entries_of
from stetho.trials.evidence import Evidence
from stetho.trials.recipe import in_catalogue, parse
from stetho.trials.scoring import Score, Table, score_for
from stetho.trials.settings import Settings
from stetho.trials.statistics import pairs_needed
from stetho.trials.trial import Outcome, Scouting, Trial, outcome_of, scouting_of, to_json

SHORT_PAIRS = 3  # of the short rung
SHORT = 0.25  # its steps, as a part of the last rung's
SHARE = 1 / 3  # the last rung's steps, as a part of the script's own
FEWEST = 30  # steps of a trial
# Steps of a trial of the last rung, where nobody asks for fewer: on the recorded grid of 150 steps
# the order of functions turns until then.
LEAST = 75
BEYOND = 1.5  # times as long as until the script's own loss becomes NaN, if it does
WAVE = 2  # pairs that run between two looks
SCOUT = 0.15  # part of the budget that a look at the unchanged script may take
START = 0.3  # seconds that a trial costs besides its steps
SLOWEST = 5.0  # times as long as the incumbent's that a trial may take
LOADING = 2.0  # seconds that it is granted for what comes before its steps, at least
PATIENT = 3.0  # times as long as the script itself that the last look at a winner may take


class Progress(Protocol):
    """Is told how a race goes."""

    def phase(self, title: str, trials: int, steps: int) -> None: ...

    def ended(self, trial: Trial, outcome: Outcome) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
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
        self._steps = 0  # that all trials took

    def run(self) -> Choice:
        """Run it to its verdict.

        Raises:
            UsageError: the script cannot be raced: it fails by itself, takes no steps, or has no
                hidden site.
        """
        settings = self._settings
        scouting = self._scout()
        entries = entries_of(settings.candidates, scouting, settings.init)
        plan = self._plan(scouting, sum(not entry.dropped for entry in entries))
        score = score_for(settings.metric, scouting, scouting.ended and plan.last >= plan.length)
        self._engine.prepare(scouting)
        self._steps = scouting.outcome.steps
        short = self._short_rung(entries, scouting, plan)
        chosen = rungs.best_rates(short, score)
        short = {entry: short[entry] for entry in chosen}
        last: Table = {}
        whole: dict[Entry, Outcome] = {}
        while True:
            out = self._last_rung(
                entries=entries,
                chosen=chosen,
                short=short,
                last=last,
                whole=whole,
                scouting=scouting,
                plan=plan,
                score=score,
            )
            evidence = Evidence(
                settings=settings,
                scouting=scouting,
                score=score,
                length=plan.length,
                short=short,
                last=last,
                out=out,
                steps=self._steps,
            )
            confirmed = self._at_full_length(verdict.winner_of(evidence), scouting, plan)
            if confirmed is None or confirmed.done:
                break
            whole[verdict.winner_of(evidence)] = confirmed  # out; the next one takes its place
        evidence = replace(evidence, confirmed=confirmed, steps=self._steps)
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
        self._progress.phase("looking at the unchanged script", 1, 0)
        seconds = min(max(10.0, SCOUT * settings.budget), settings.budget)
        look = Trial(settings.script, "relu", incumbent=True, steps=settings.steps, seconds=seconds)
        functions = tuple(dict.fromkeys([*settings.candidates, *self._replaced()]))
        scouting = self._engine.scout(Errand(look, functions, settings.replace, settings.sites))
        refuse_unfit(scouting)
        own = scouting.incumbent  # found by now: theory looks at it as well
        if own not in scouting.ways and in_catalogue(own):
            errand = Errand(replace(look, steps=2), (own,), settings.replace, settings.sites)
            ways = {**scouting.ways, **self._engine.scout(errand).ways}
            scouting = replace(scouting, ways=ways)
        if self._file is not None:
            self._file.put("scouting", to_json(scouting))
        self._progress.ended(look, scouting.outcome)
        return scouting

    def _replaced(self) -> tuple[str, ...]:
        own = self._settings.replace
        return (own,) if own and in_catalogue(own) else ()

    def _plan(self, scouting: Scouting, entries: int) -> Plan:
        """How long the trials are: as asked, or a part of the script, and within the budget."""
        settings, length = self._settings, scouting.outcome.steps
        last = settings.steps or (
            max(min(LEAST, length), math.ceil(SHARE * length)) if scouting.ended else length
        )
        if scouting.outcome.diverged and settings.steps is None:
            last = _until_divergence(scouting, last)
        step = scouting.outcome.step_seconds
        notes = []
        pairs = pairs_needed(entries - 1, settings.pairs)
        trials = SHORT_PAIRS * len(settings.lr_grid) * entries + pairs * entries
        steps = SHORT * SHORT_PAIRS * len(settings.lr_grid) * entries + pairs * entries
        room = settings.budget * self._engine.workers - START * trials
        affordable = room / (steps * step) if step > 0 else math.inf
        if settings.steps is None and affordable < last:
            last = max(min(FEWEST, last), int(affordable))
            notes.append(f"trials are cut to {last} steps, to fit into the budget")
        if scouting.ended and settings.steps is not None:
            last = min(last, length)
        limit = SLOWEST * (last * step + _loading(scouting)) if step > 0 else None
        short = min(last, max(min(FEWEST, last), math.ceil(SHORT * last)))
        return Plan(
            short=short,
            last=last,
            length=length if scouting.ended else last,
            seconds=limit,
            notes=tuple(notes),
        )

    # -- rungs -----------------------------------------------------------------------------------

    def _short_rung(self, entries: Sequence[Entry], scouting: Scouting, plan: Plan) -> Table:
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
                watch = pair == 0 and entry.lr == 1
                trials[self._limited(trial, plan, watch)] = entry
        for trial, outcome in self._outcomes(list(trials)):
            table[trials[trial]][trial.pair] = outcome
        return table

    def _rates(self) -> tuple[float, ...]:
        return tuple(factor for factor in self._settings.lr_grid if factor != 1)

    def _last_rung(
        self,
        entries: Sequence[Entry],
        chosen: Sequence[Entry],
        short: Table,
        last: Table,
        whole: Mapping[Entry, Outcome],
        scouting: Scouting,
        plan: Plan,
        score: Score,
    ) -> dict[Entry, str]:
        """Fresh seeds, in pairs, with all that are still in (into `last`); why the others are out.

        An entry that comes back runs the pairs that it has missed.
        """
        told = False
        while True:
            out = rungs.out_of_race(
                entries=entries, chosen=chosen, short=short, last=last, whole=whole, score=score
            )
            racing = [entry for entry in chosen if entry not in out]
            rivals = len({*racing, *last}) - 1  # all that the test is corrected for
            count = pairs_needed(rivals, self._settings.pairs)
            pairs = range(SHORT_PAIRS, SHORT_PAIRS + count)
            missing = [p for p in pairs if any(p not in last.get(e, {}) for e in racing)][:WAVE]
            if len(racing) < 2 or not missing or self._cut:
                return out
            if not told:
                self._progress.phase("last rung", count * len(racing), plan.last)
                told = True
            trials = {}
            for pair in missing:
                for entry in racing:
                    if pair not in last.get(entry, {}):
                        trial = entry.trial(self._settings.script, scouting.places, pair, plan.last)
                        trials[self._limited(trial, plan, watch=pair == SHORT_PAIRS)] = entry
            for trial, outcome in self._outcomes(list(trials)):
                last.setdefault(trials[trial], {})[trial.pair] = outcome
            _refuse_silent(last, score, plan.last)

    def _at_full_length(self, winner: Entry, scouting: Scouting, plan: Plan) -> Outcome | None:
        """The winner once more, to the script's own end, with the author's seeds.

        Short trials may not tell all. Nothing where it is the script as it is, or was whole.
        """
        if self._cut or plan.last >= plan.length or rungs.is_as_it_is(winner):
            return None
        self._progress.phase(f"{winner.label} at full length", 1, plan.length)
        trial = winner.trial(self._settings.script, scouting.places, 0)
        limit = plan.seconds and plan.seconds * plan.length / plan.last
        least = PATIENT * (scouting.outcome.step_seconds * plan.length + _loading(scouting))
        trials = [replace(self._limited(trial, plan), seconds=limit)]
        found = list(self._outcomes(trials, least if math.isfinite(least) else 0.0))
        return found[0][1] if found else None

    def _limited(self, trial: Trial, plan: Plan, watch: bool = False) -> Trial:
        return replace(trial, seconds=plan.seconds, memory=self._settings.memory, watch=watch)

    def _outcomes(
        self, trials: Sequence[Trial], least: float = 0.0
    ) -> Iterator[tuple[Trial, Outcome]]:
        """Outcomes that are known already, and then those of the trials that are to be run.

        What does not end within the budget, or within `least` seconds if that is more, has none.
        """
        missing = []
        for trial in trials:
            kept = self._file.trial(trial.key) if self._file is not None else None
            if kept is None:
                missing.append(trial)
            else:
                outcome = outcome_of(json.loads(kept))
                self._progress.ended(trial, outcome)
                self._steps += outcome.steps
                yield trial, outcome
        if self._cut:
            return
        left = max(least, self._settings.budget - (time.monotonic() - self._began))
        ended = 0
        for trial, outcome in self._engine.run(missing, left) if missing else ():
            refuse_uncontained(outcome)
            ended += 1
            if self._file is not None:
                self._file.put_trial(trial.key, to_json(outcome))
            self._progress.ended(trial, outcome)
            self._steps += outcome.steps
            yield trial, outcome
        late = time.monotonic() - self._began > self._settings.budget
        self._cut = self._cut or late or ended < len(missing)


def _until_divergence(scouting: Scouting, last: int) -> int:
    """Steps of a trial that is to see the script's own loss become NaN, with other seeds as well.

    Of a script that ends itself by that, it is not known how long it is otherwise.
    """
    losses, steps = scouting.outcome.losses, scouting.outcome.steps
    at = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), 0)
    seen = math.ceil(BEYOND * steps * (at + 1) / len(losses)) if losses else last
    if not scouting.ended:
        return max(LEAST, seen)
    return min(steps, max(last, seen))


def _loading(scouting: Scouting) -> float:
    """Seconds that the script takes besides its steps."""
    outcome = scouting.outcome
    besides = outcome.seconds - outcome.steps * outcome.step_seconds
    return max(LOADING, besides) if math.isfinite(besides) else 5 * LOADING


_CUT = "the budget ran out before all pairs were run"


def refuse_uncontained(outcome: Outcome) -> None:
    """A trial that was about to touch the user's files ends the race."""
    if outcome.status == forms.UNCONTAINED:
        raise UsageError(outcome.why)


def refuse_unfit(scouting: Scouting) -> None:
    outcome = scouting.outcome
    refuse_uncontained(outcome)
    if not (outcome.done or outcome.diverged):
        raise UsageError(
            f"expected a script that runs by itself, but it ended by itself: {outcome.status} "
            f"({outcome.why}); a trial has nobody at the keyboard; try `stetho run` on it first"
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
    with suppress(UnknownActivation):  # one of the author's own is as good as any
        parse(scouting.incumbent)  # refuses a gate


def _refuse_silent(table: Table, score: Score, steps: int) -> None:
    """Go on only if some trial has a score."""
    done = [o for outcomes in table.values() for o in outcomes.values() if o.done]
    if done and all(math.isnan(score.of(outcome)) for outcome in done):
        raise UsageError(
            f"expected {score.name} to be reported within {steps} steps, but no trial did so; "
            f"report it by stetho.log({score.name.replace('-', '_')}=…), or take more --steps"
        )

"""Evidence on one candidate → its row of the table; evidence and a winner → the notes below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, median

from stetho.record import NAN, CandidateResult
from stetho.trials import trial as forms
from stetho.trials.entries import Entry
from stetho.trials.evidence import Duel, Evidence
from stetho.trials.recipe import parse
from stetho.trials.scoring import (
    Outcomes,
    always_diverges,
    costs_of,
    diverged,
    failed_otherwise,
    mean_cost,
)
from stetho.trials.statistics import bootstrap
from stetho.trials.trial import Outcome

POINTS = 60  # of a curve
MEMORY = 100e6  # bytes; what a trial grows by less is the interpreter's own
WARNINGS = ("warning", "fault")


def row_of(evidence: Evidence, entry: Entry, duel: Duel | None, p: float) -> CandidateResult:
    score, incumbent = evidence.score, evidence.incumbent
    reached = evidence.reached(entry)
    outcomes, against = reached.get(entry, {}), reached.get(incumbent, {})
    status, why = _status(evidence, entry, outcomes)
    sign = 1 if score.lower else -1
    fair = duel is not None and len(duel.differences) > 1
    low, high = bootstrap(duel.differences) if duel is not None and fair else (NAN, NAN)
    return CandidateResult(
        name=entry.label,
        status=status,
        why=why,
        incumbent=entry == incumbent,
        init=entry.init if entry == incumbent else parse(entry.name).init or entry.init,
        lr=entry.lr,
        score=NAN
        if always_diverges(outcomes)
        else sign * mean_cost(costs_of(reached, score).get(entry, {})),
        difference=sign * duel.mean if duel is not None else NAN,
        interval=(low, high) if score.lower else (-high, -low),
        p=p,
        pairs=len(outcomes),
        steps=max((outcome.steps for outcome in outcomes.values()), default=0),
        step_cost=1.0 if entry == incumbent else _ratio(outcomes, against, "step_seconds"),
        memory=1.0 if entry == incumbent else _ratio(outcomes, against, "memory", MEMORY),
        heldout=_mean([o.heldout[-1][1] for o in outcomes.values() if o.done and o.heldout]),
        training=_mean([_end(o.losses) for o in outcomes.values() if o.done and o.losses]),
        curve=_curve([o.losses for o in outcomes.values() if o.done and o.losses]),
        diverged=diverged(outcomes),
    )


def _status(evidence: Evidence, entry: Entry, outcomes: Outcomes) -> tuple[str, str]:
    """What became of an entry, and why."""
    gone = evidence.out.get(entry, "")
    broken, count = failed_otherwise(outcomes), len(outcomes)
    if broken is not None:
        return broken.status, broken.why
    if often := diverged(outcomes):
        first = next(outcome for outcome in outcomes.values() if outcome.diverged)
        said = f"diverged on {often} of {count} seeds ({first.why})"
        return forms.DIVERGED, "; ".join(filter(None, (said, gone)))
    if entry.dropped:
        return "dropped", gone or entry.dropped
    said = diagnosis(evidence.last.get(entry, {})) or diagnosis(evidence.short.get(entry, {}))
    if gone:
        return "eliminated", "; ".join(filter(None, (gone, said)))
    return forms.DONE, said


def diagnosis(trials: Outcomes) -> str:
    """What the watched trial of an entry says against it."""
    for outcome in trials.values():
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
    watched = min(outcomes, default=0)  # the first pair of either rung
    shared = [pair for pair in outcomes if pair in against and pair != watched]
    pairs = [(getattr(outcomes[pair], field), getattr(against[pair], field)) for pair in shared]
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


def sentences(evidence: Evidence, winner: Entry) -> list[str]:
    found = [_replaced(evidence)]
    if evidence.confirmed is not None:
        found.append(_confirmation(evidence, evidence.confirmed))
    if said := diagnosis(evidence.last.get(winner, {})):
        found.append(f"{winner.label} is not without complaint in its trials: {said}")
    found += [
        f"{entry.name} begins at its critical point: with the author's weights {entry.note}"
        for entry in evidence.short
        if entry.note
    ]
    if _seeds_have_no_effect(evidence):
        found.append(
            "seeds have no effect: all trials of one candidate are the same run, so that pairs "
            "show nothing; does the script seed itself by other means than torch, random, NumPy?"
        )
    names = _diverged(evidence)
    if names and evidence.settings.lr_grid == (1.0,):
        found.append(
            f"{' and '.join(names)} diverged at the script's learning rate: "
            "--lr-grid 0.3,1 gives each candidate a smaller one to choose"
        )
    return [*found, *evidence.scouting.unseen]


def _replaced(evidence: Evidence) -> str:
    scouting = evidence.scouting
    sites = sum(len(place.sites) for place in scouting.places)
    left = f"; left as they are: {'; '.join(scouting.left[:5])}" if scouting.left else ""
    more = "; …" if len(scouting.left) > 5 else ""
    plural = "" if sites == 1 else "s"
    return f"{scouting.incumbent} was replaced at {sites} site{plural}{left}{more}"


def _confirmation(evidence: Evidence, outcome: Outcome) -> str:
    own, score = evidence.scouting.outcome, replace(evidence.score, whole=True)
    theirs = (
        f"the unchanged script diverged ({own.why})"
        if own.diverged
        else f"{score.of(own):.3g} with the unchanged script"
    )
    return (
        f"at full length ({outcome.steps} steps, the script's own seeds) the {score.words} is "
        f"{score.of(outcome):.3g} with the winner and {theirs}"
    )


def _seeds_have_no_effect(evidence: Evidence) -> bool:
    areas = [outcome.area for outcome in evidence.short[evidence.incumbent].values()]
    return len(areas) > 1 and len(set(areas)) == 1 and math.isfinite(areas[0])


def _diverged(evidence: Evidence) -> list[str]:
    tables = (evidence.short, evidence.last)
    found = [e.name for table in tables for e, runs in table.items() if diverged(runs)]
    return list(dict.fromkeys(found))

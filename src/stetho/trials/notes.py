"""Evidence and a winner → notes: what was left, what was set, what the trials cannot tell."""

from __future__ import annotations

import math
from dataclasses import replace

from stetho.trials.entries import Entry
from stetho.trials.evidence import Evidence
from stetho.trials.rows import diagnosis
from stetho.trials.scoring import diverged
from stetho.trials.trial import Outcome


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

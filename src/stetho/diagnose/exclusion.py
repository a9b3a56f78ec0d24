"""A loss that no other finding explains → what is left: steps too small, or labels."""

from __future__ import annotations

import math
from dataclasses import replace

from stetho.diagnose.elsewhere import passing
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.view import Agreement, RunView
from stetho.record import Evidence, Finding, Remedy

# Relative updates times steps, under which a network cannot be expected to have learned much: in
# the zoo's calibration half a rate that is too small has 0.06 and less, healthy networks 1.3 and
# more, random labels 2.3 and more.
TRAVEL = 0.1
AGREEMENT = 1.25  # of the samples, from which on inputs tell the labels; see not-learning
CERTAIN = 3.0  # standard errors above 1, which is chance, that say the same
DOUBT = 2.0  # standard errors by which agreement must lie under AGREEMENT to be called chance
PAIRS = Remedy(
    "print some pairs of inputs and labels as they enter the model: they may have been shuffled "
    "apart",
    f"samples that agree on a direction: {AGREEMENT:g} and more from the first steps on",
)


def creeps(view: RunView) -> bool:
    """Whether all steps together are too small to have learned much."""
    return view.travel < TRAVEL


def agrees(seen: Agreement) -> bool:
    """Whether samples agree on a direction; a little is enough where all batches do."""
    above = (seen.mean - 1) / seen.standard_error if seen.standard_error > 0 else math.inf
    return seen.mean > 1 and (seen.mean >= AGREEMENT or above >= CERTAIN)


def by_chance(view: RunView) -> bool:
    """Whether samples were seen to agree no more than by chance, beyond doubt."""
    seen = view.agreement
    if seen is None or agrees(seen):
        return False
    return seen.mean + DOUBT * seen.standard_error < AGREEMENT


def remembers(view: RunView) -> bool:
    """Whether what tells the labels may be something that a recurrent layer forgets as yet."""
    return any(layer.kind == "recurrent" for layer in view.run.layers)


def by_exclusion(finding: Finding, view: RunView) -> Finding:
    """Lay a loss that hardly falls to the steps or the labels, where signal and gradient pass."""
    evidence = passing(view)
    if view.learning.lost or not evidence:
        return finding
    seen = view.agreement
    if creeps(view):
        cause, told = (
            "learning-rate",
            f"and {view.learning.steps} steps are too small or too few: in all they can have moved "
            f"a weight by {percent(view.travel)} of its size.",
        )
    elif seen is not None and agrees(seen):
        cause, told = (
            "unknown",
            f"and samples agree on a direction (agreement {number(seen.mean)}; by chance 1), so "
            "the inputs do tell the labels: what holds the loss up was not found.",
        )
    elif seen is not None and by_chance(view):
        cause, told = (
            "labels",
            "but the samples of a batch do not agree on a direction (agreement "
            f"{number(seen.mean)}; by chance 1): what the last layer gets does not tell the "
            "labels.",
        )
    else:
        cause, told = (
            "labels",
            f"and steps of usual size (relative update {number(view.typical_update())}) do not "
            "help: the inputs do not tell the labels.",
        )
    known = {**finding.evidence, **evidence, "way of all steps": Evidence(view.travel, TRAVEL)}
    if seen is not None:
        known["agreement of the samples"] = Evidence(seen.mean, AGREEMENT)
    reaches = (
        "Signal and gradient pass the whole network" if view.hidden else "Every weight is moved"
    )
    message = f"{finding.message} {reaches}, {told}"
    remedies = (PAIRS, *finding.remedies) if cause == "labels" else finding.remedies
    return replace(finding, message=message, evidence=known, cause={cause: 1.0}, remedies=remedies)

"""Attributes a loss that no other finding explains, where a measurement names the cause."""

from __future__ import annotations

import math
from dataclasses import replace

from stetho.diagnose.elsewhere import passing
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.view import Agreement, RunView
from stetho.record import Evidence, Finding, Remedy

# Relative update times steps. Below this value a network cannot have learned much: in the zoo's
# calibration half, a learning rate that is too small has at most 0.06, healthy networks have at
# least 1.3, random labels at least 2.3.
TRAVEL = 0.1
AGREEMENT = 1.25  # of the samples, above which inputs predict the labels; see not-learning
CERTAIN = 3.0  # standard errors above 1 (chance) that show the same
DOUBT = 2.0  # standard errors by which agreement must lie below AGREEMENT to be called chance
# Samples of a batch below which agreement is always near 1: in the zoo's calibration half, true
# labels have 1.2 or more in batches of 8; the limit is set there and holds for no smaller batch.
FEWEST_SAMPLES = 8
PAIRS = Remedy(
    "print some inputs with their labels as they enter the model: inputs and labels may be "
    "shuffled independently",
    f"samples that agree on a direction: an agreement of {AGREEMENT:g} or more from the first "
    "steps on",
)


def creeps(view: RunView) -> bool:
    """Whether all steps together are too small to have learned much."""
    return view.travel < TRAVEL


def agrees(seen: Agreement) -> bool:
    """Whether samples agree on a direction; a small agreement is enough if all batches show it."""
    above = (seen.mean - 1) / seen.standard_error if seen.standard_error > 0 else math.inf
    return seen.mean > 1 and (seen.mean >= AGREEMENT or above >= CERTAIN)


def by_chance(view: RunView) -> bool:
    """Whether samples certainly agree no more than by chance."""
    seen = view.agreement
    if seen is None or agrees(seen) or _batch(view) < FEWEST_SAMPLES:
        return False
    return seen.mean + DOUBT * seen.standard_error < AGREEMENT


def _batch(view: RunView) -> float:
    """Samples of a batch, as the sites saw them first; infinite if no site was seen."""
    return min((site.shape[0] for site in view.hidden if len(site.shape) > 1), default=math.inf)


def remembers(view: RunView) -> bool:
    """Whether a recurrent layer may still forget the inputs that predict the labels."""
    return any(layer.kind == "recurrent" for layer in view.run.layers)


def _left(view: RunView) -> str:
    """What measurements rule out, and what they leave."""
    functions = "activation functions that block the gradient, " if view.hidden else ""
    known = view.agreement is not None
    narrow = "" if known else " (the samples of a batch were too few or too seldom to compare)"
    return (
        f"Ruled out: {functions}steps of unusual size (relative update "
        f"{number(view.typical_update())}). Left: inputs that do not predict the labels{narrow}, "
        "a rate that is too small for this loss, or a model that cannot represent the task."
    )


def by_exclusion(finding: Finding, view: RunView) -> Finding:
    """Attribute a loss that barely falls to steps or labels, if signal and gradient pass."""
    evidence = passing(view)
    if view.learning.lost or not evidence:
        return finding
    seen = view.agreement
    if creeps(view):
        cause, told = (
            "learning-rate",
            f"but the {view.learning.steps} steps are too small or too few: together they can "
            f"have moved a weight by {percent(view.travel)} of its size.",
        )
    elif seen is not None and agrees(seen):
        cause, told = (
            "unknown",
            f"and the samples of a batch agree on a direction (agreement {number(seen.mean)}; by "
            "chance 1), so the inputs do predict the labels. The cause was not found.",
        )
    elif seen is not None and by_chance(view):
        cause, told = (
            "labels",
            "but the samples of a batch do not agree on a direction (agreement "
            f"{number(seen.mean)}; by chance 1): the input of the last layer does not predict the "
            "labels.",
        )
    else:
        cause, told = (
            "unknown",
            f"so the cause is not explained by what was measured. {_left(view)}",
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

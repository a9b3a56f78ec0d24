"""Decides whether the findings show "this is not an activation problem", with evidence.

If the loss does not fall and the hidden activation functions pass signal and gradient, the fault
lies elsewhere. Reporting this saves the user a search in the wrong place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import rule_of
from stetho.diagnose.view import RunView
from stetho.record import NOT_LEARNING, Evidence, Finding, Severity

# Causes that no other activation function would fix, and their names in sentences.
ELSEWHERE: Mapping[str, str] = {
    "learning-rate": "the learning rate",
    "input": "the data",
    "loss": "the output layer and its loss",
    "labels": "the labels, or data that does not predict them",
    "weight-decay": "the weight decay",
    "frozen": "weights that no optimizer trains",
    "zero-grad": "a call of zero_grad that is missing or in the wrong place",
}
ALL = 0.9  # share of the blame that must lie elsewhere
HALF = 0.5  # share that another finding may attribute to the activation function
MOVING = 1e-5  # relative update of a weight that a gradient reaches; a hundredth of the usual


def elsewhere(view: RunView, findings: Sequence[Finding]) -> str | None:
    """Return one sentence; None if the activation functions contribute or nothing is known.

    `findings`: most severe and most causal first, with the cause of a loss that does not fall.
    """
    grave = [finding for finding in findings if finding.severity > Severity.NOTE]
    if not grave or view.is_check:
        return None
    lead = leading(grave)
    if view.learning.status == "learns" and lead.rule != NOT_LEARNING:
        return None
    outside = sum(share for cause, share in lead.cause.items() if cause in ELSEWHERE)
    apart = not rule_of(lead).breaks and any(_of_activation(one) > HALF for one in grave)
    if outside < ALL or apart:
        return None
    cause = max(lead.cause, key=lambda name: lead.cause[name])
    return f"This is not an activation problem: it is {ELSEWHERE[cause]}{_passing(view)}."


def leading(grave: Sequence[Finding]) -> Finding:
    """Return the finding that explains the others; the most severe one, if none can."""
    return next((finding for finding in grave if rule_of(finding).explains), grave[0])


def _of_activation(finding: Finding) -> float:
    """Return the activation function's share, if the finding can stop a network from learning."""
    if not rule_of(finding).stops:
        return 0.0
    return finding.cause.get("slope", 0.0) + finding.cause.get("function", 0.0)


def _passing(view: RunView) -> str:
    evidence = passing(view)
    if not evidence:
        return ""
    if not view.hidden:
        return ""
    slope, saturated, dead = (item.value for item in evidence.values())
    return (
        f" (the {len(view.hidden)} hidden sites pass at least {number(slope)} of the gradient; at "
        f"most {percent(saturated)} of their elements are saturated and {percent(dead)} of their "
        "units dead)"
    )


def passing(view: RunView) -> dict[str, Evidence]:
    """Return what the hidden sites pass; empty if they were not measured or pass nothing."""
    if not view.hidden:
        return _moving(view)
    slopes = [view.slope(site) for site in view.hidden]
    known = [slope for slope in slopes if slope > 0 and math.isfinite(slope)]
    if not known or len(known) < len(view.hidden):
        return {}
    return {
        "smallest slope": Evidence(min(known), unit="×"),
        "saturated, most": Evidence(_most(view, ("saturated_low", "saturated_high")), unit="%"),
        "dead units, most": Evidence(_most(view, ("dead",)), unit="%"),
    }


def _moving(view: RunView) -> dict[str, Evidence]:
    """Return evidence without sites (recurrent layers): a gradient moves every weight."""
    paces = [view.relative_update(weight.name) for weight in view.weights]
    slowest = min((pace for pace in paces if not math.isnan(pace)), default=0.0)
    return {"slowest weight's relative update": Evidence(slowest)} if slowest > MOVING else {}


def _most(view: RunView, fields: Sequence[str]) -> float:
    """Return the largest sum of shares at any hidden site; sides flat by design do not count."""
    shares = [0.0]
    for site in view.hidden:
        if "dead" in fields or site.function.flat_below is None:
            values = [view.now(site, field) for field in fields]
            shares.append(sum(value for value in values if not math.isnan(value)))
    return max(shares)

"""Findings → "this is not an activation problem", with the evidence, where that is so.

Peers blame what they look at. Where the loss does not move and the hidden activation functions
pass signal and gradient, the fault lies elsewhere, and saying so saves a search in the wrong place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stetho.diagnose.phrases import number, percent
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Severity

# Causes that no other activation function would mend, and what they are in words.
ELSEWHERE: Mapping[str, str] = {
    "learning-rate": "the learning rate",
    "input": "the data",
    "loss": "the output layer and its loss",
    "labels": "the labels, or data that does not tell them",
    "weight-decay": "the weight decay",
    "frozen": "weights that no optimizer has",
}
ALL = 0.9  # share of the blame that must lie elsewhere
HALF = 0.5  # share that another finding may lay to the activation function


def elsewhere(view: RunView, findings: Sequence[Finding]) -> str | None:
    """One sentence, or None where the activations have a part in it or nothing is known.

    `findings`: gravest and most causal first, the loss that does not move explained.
    """
    grave = [finding for finding in findings if finding.severity > Severity.NOTE]
    if not grave or view.is_check or view.learning.status == "learns":
        return None
    lead = leading(grave)
    outside = sum(share for cause, share in lead.cause.items() if cause in ELSEWHERE)
    if outside < ALL or any(_of_activation(finding) > HALF for finding in grave):
        return None
    cause = max(lead.cause, key=lambda name: lead.cause[name])
    return f"This is not an activation problem: it is {ELSEWHERE[cause]}{_passing(view)}."


def leading(grave: Sequence[Finding]) -> Finding:
    """The finding that explains the others."""
    return next((finding for finding in grave if finding.rule != "not-learning"), grave[0])


def _of_activation(finding: Finding) -> float:
    return finding.cause.get("slope", 0.0) + finding.cause.get("function", 0.0)


def _passing(view: RunView) -> str:
    evidence = passing(view)
    if not evidence:
        return ""
    slope, saturated, dead = (item.value for item in evidence.values())
    return (
        f" (the {len(view.hidden)} hidden sites pass at least {number(slope)} of the gradient; at "
        f"most {percent(saturated)} of their elements are saturated and {percent(dead)} of their "
        "units dead)"
    )


def passing(view: RunView) -> dict[str, Evidence]:
    """What the hidden sites let through; empty where they were not measured or pass nothing."""
    slopes = [view.slope(site) for site in view.hidden]
    known = [slope for slope in slopes if slope > 0 and math.isfinite(slope)]
    if not known or len(known) < len(view.hidden):
        return {}
    return {
        "smallest slope": Evidence(min(known), unit="×"),
        "saturated, most": Evidence(_most(view, ("saturated_low", "saturated_high")), unit="%"),
        "dead units, most": Evidence(_most(view, ("dead",)), unit="%"),
    }


def _most(view: RunView, fields: Sequence[str]) -> float:
    """Largest sum of some shares at any hidden site; flat sides by design do not count."""
    shares = [0.0]
    for site in view.hidden:
        if "dead" in fields or site.function.flat_below is None:
            values = [view.now(site, field) for field in fields]
            shares.append(sum(value for value in values if not math.isnan(value)))
    return max(shares)

"""Puts the findings and the course of the loss into a verdict of one or two sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stetho.diagnose.elsewhere import elsewhere
from stetho.diagnose.moving import move
from stetho.diagnose.phrases import counted, number
from stetho.diagnose.view import PATIENCE, RunView
from stetho.record import NOT_LEARNING, Finding, Severity


def verdict(view: RunView, findings: Sequence[Finding]) -> str:
    if not view.probes and view.run.faults:
        return "No verdict: stetho itself failed before it had seen a step; what failed is below."
    if not view.probes:
        return "Nothing was measured: stetho saw no optimizer step."
    return f"{_of_what_was_seen(view, findings)}{_incomplete(view)}"


def _incomplete(view: RunView) -> str:
    if not view.run.faults:
        return ""
    return (
        " This verdict is incomplete: stetho itself failed and watched nothing after step "
        f"{view.probes[-1].step}."
    )


def _of_what_was_seen(view: RunView, findings: Sequence[Finding]) -> str:
    grave = [finding for finding in findings if finding.severity > Severity.NOTE]
    if not grave:
        return f"{_opening(view)} {_quiet(view, findings)}"
    causes = [finding for finding in grave if finding.rule != NOT_LEARNING]
    said = elsewhere(view, findings)
    outside = f" {said}" if said is not None else ""
    if not causes:
        told = grave[0].message
        if view.learning.status == "stuck":  # the finding says what the opening would
            return f"Not learning: {told[0].lower()}{told[1:]}{outside}"
        return f"{_opening(view)} {told}{outside}"
    more = len(causes) - 1
    rest = f" {more} more finding{'' if more == 1 else 's'} below." if more else ""
    return f"{_opening(view)} {causes[0].message}{outside}{rest}"


def _opening(view: RunView) -> str:
    seen = view.learning
    course = f"the loss went from {number(seen.first)} to {number(seen.last)}"
    if view.is_check:
        return "Check-up without training."
    if seen.status == "diverged":
        step = view.run.first_nonfinite_loss
        if step is not None:
            return f"Diverged: the loss is non-finite since step {step}."
        return f"Diverged: {course} in {seen.steps} steps."
    if seen.status == "stuck":
        return (
            f"Not learning: the loss is {number(seen.last)} after {seen.steps} steps; a constant "
            f"prediction scores {number(seen.baseline)}."
        )
    if seen.status == "slow":
        if seen.lost:
            return (
                f"The network forgot what it had learned: the loss was {number(seen.best)} about "
                f"step {seen.best_step} and is {number(seen.last)} after {seen.steps} steps."
            )
        return f"Learning slowly: {course} in {seen.steps} steps."
    if seen.status == "too-short":
        return f"The run is too short to judge the loss ({seen.steps} steps)."
    if seen.status == "learns":
        return f"Learning: {course} in {seen.steps} steps."
    return (
        f"{course[0].upper()}{course[1:]} in {seen.steps} steps."
        if not math.isnan(seen.first)
        else "stetho saw no loss."
    )


def _quiet(view: RunView, findings: Sequence[Finding]) -> str:
    sites = counted(len(view.hidden), "hidden site")
    notes = f"; {counted(len(findings), 'note')}" if findings else ""
    if not view.hidden and view.run.layers:
        sites = f"{counted(len(view.run.layers), 'layer')} without an activation function"
    elif not view.hidden:
        why = ' (see "Not seen")' if view.run.unseen else ""
        return f"No activation function was seen{why}: hidden layers were not measured{notes}."
    if view.run.faults:
        return f"Whether anything is wrong is not known; {sites} were measured until then{notes}."
    if view.learning.status == "slow" and view.learning.steps < PATIENCE:
        return f"It is too early to judge; no symptom was found in {sites}{notes}."
    if view.learning.hardly or view.learning.status in ("slow", "diverged"):
        return f"The cause was not found; {sites} were measured{notes}."
    if view.learning.status == "unknown" and not view.is_check:
        if move(view.run):
            return (
                "The targets move, so the loss does not show whether it learns. "
                f"No symptom was found in {sites}{notes}."
            )
        return (
            "The loss alone does not show whether it learns. "
            f"No symptom was found in {sites}{notes}."
        )
    return f"No fault was found in {sites}{notes}."

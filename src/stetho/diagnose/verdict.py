"""Findings and the course of the loss → the verdict, in a sentence or two."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stetho.diagnose.elsewhere import elsewhere
from stetho.diagnose.phrases import counted, number
from stetho.diagnose.view import RunView
from stetho.record import Finding, Severity


def verdict(view: RunView, findings: Sequence[Finding]) -> str:
    if not view.probes and view.run.faults:
        return "No verdict: stetho itself failed before it had seen a step; what failed is below."
    if not view.probes:
        return (
            "Nothing was seen: no optimizer took a step in a training loop that stetho could watch."
        )
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
    causes = [finding for finding in grave if finding.rule != "not-learning"]
    said = elsewhere(view, findings)
    outside = f" {said}" if said is not None else ""
    if not causes:
        told = grave[0].message
        if view.learning.status == "stuck":  # the finding says what the opening would
            return f"Not learning: {told[0].lower()}{told[1:]}{outside}"
        return f"{_opening(view)} {told}{outside}"
    more = len(causes) - 1
    rest = f" {more} more below." if more else ""
    return f"{_opening(view)} {causes[0].message}{outside}{rest}"


def _opening(view: RunView) -> str:
    seen = view.learning
    course = f"the loss went from {number(seen.first)} to {number(seen.last)}"
    if view.is_check:
        return "A check-up, without training."
    if seen.status == "diverged":
        step = view.run.first_nonfinite_loss
        if step is not None:
            return f"Diverged: the loss is not a number since step {step}."
        return f"Diverged: {course} in {seen.steps} steps."
    if seen.status == "stuck":
        return (
            f"Not learning: after {seen.steps} steps the loss is {number(seen.last)}; a constant "
            f"answer gets {number(seen.baseline)}."
        )
    if seen.status == "slow":
        if seen.lost:
            return (
                f"What was learned is lost again: the loss was {number(seen.best)} about step "
                f"{seen.best_step} and is {number(seen.last)} after {seen.steps}."
            )
        return f"Learning slowly: {course} in {seen.steps} steps."
    if seen.status == "too-short":
        return f"Too short to judge the loss ({seen.steps} steps)."
    if seen.status == "learns":
        return f"Learning: {course} in {seen.steps} steps."
    return (
        f"{course[0].upper()}{course[1:]} in {seen.steps} steps."
        if not math.isnan(seen.first)
        else "No loss was seen."
    )


def _quiet(view: RunView, findings: Sequence[Finding]) -> str:
    sites = counted(len(view.hidden), "hidden site")
    notes = f"; {counted(len(findings), 'note')}" if findings else ""
    if not view.hidden and view.run.layers:
        sites = f"{counted(len(view.run.layers), 'layer')} without an activation function"
    elif not view.hidden:
        why = ' ("Not seen" says why)' if view.run.unseen else ""
        return f"No activation function was seen{why}: nothing is known of hidden layers{notes}."
    if view.run.faults:
        return f"Nothing wrong was seen in {sites}{notes}."
    return f"Nothing is wrong in {sites}{notes}."

"""Statistics of a run → findings and a verdict. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stetho.diagnose.elsewhere import passing
from stetho.diagnose.explaining import explain
from stetho.diagnose.phrases import number
from stetho.diagnose.rule import all_rules
from stetho.diagnose.rules.not_learning import NotLearning
from stetho.diagnose.verdict import verdict
from stetho.diagnose.view import RunView
from stetho.record import Diagnosis, Finding, Remedy, Run, Severity

__all__ = ["diagnose", "explain"]


def diagnose(run: Run) -> Diagnosis:
    """Everything that the rules find in a run, gravest and most causal first."""
    view = RunView(run)
    findings = [finding for rule in all_rules() for finding in rule.check(view)]
    ordered = tuple(sorted(findings, key=lambda finding: -finding.severity))  # stable: rank stays
    explained = tuple(_explained(finding, ordered, view) for finding in ordered)
    return Diagnosis(verdict(view, explained), explained, view.learning.status)


def _explained(finding: Finding, among: Sequence[Finding], view: RunView) -> Finding:
    """A loss that does not move, with the cause of the gravest finding that explains it."""
    if finding.rule != NotLearning.name:
        return finding
    causes = [other for other in among if other.rule != finding.rule]
    if not causes or causes[0].severity < Severity.WARNING:
        return _by_exclusion(finding, view)
    first = causes[0]
    return replace(
        finding,
        message=f"{finding.message} {first.rule} explains it.",
        cause=first.cause,
        remedies=(Remedy(f"mend {first.rule} first", "a loss that moves"),),
    )


def _by_exclusion(finding: Finding, view: RunView) -> Finding:
    """Signal and gradient pass, and steps of usual size do not help: the labels are left."""
    evidence = passing(view)
    if finding.cause != {"unknown": 1.0} or not evidence:
        return finding
    update = number(view.typical_update())
    return replace(
        finding,
        message=f"{finding.message} Signal and gradient pass all hidden sites, and steps of usual "
        f"size (relative update {update}) do not help: the inputs do not tell the labels.",
        evidence={**finding.evidence, **evidence},
        cause={"labels": 1.0},
    )

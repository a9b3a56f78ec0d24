"""Statistics of a run → findings and a verdict. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stetho.diagnose.explaining import explain, explanations
from stetho.diagnose.rule import all_rules
from stetho.diagnose.rules.not_learning import NotLearning
from stetho.diagnose.verdict import verdict
from stetho.diagnose.view import RunView
from stetho.record import Diagnosis, Finding, Remedy, Run, Severity

__all__ = ["diagnose", "explain", "explanations"]


def diagnose(run: Run) -> Diagnosis:
    """Everything that the rules find in a run, gravest and most causal first."""
    view = RunView(run)
    findings = [finding for rule in all_rules() for finding in rule.check(view)]
    ordered = tuple(sorted(findings, key=lambda finding: -finding.severity))  # stable: rank stays
    explained = tuple(_explained(finding, ordered) for finding in ordered)
    return Diagnosis(verdict(view, explained), explained, view.learning.status)


def _explained(finding: Finding, among: Sequence[Finding]) -> Finding:
    """A loss that does not move, with the cause of the gravest finding that explains it."""
    if finding.rule != NotLearning.name:
        return finding
    causes = [other for other in among if other.rule != finding.rule]
    if not causes or causes[0].severity < Severity.WARNING:
        return finding
    first = causes[0]
    return replace(
        finding,
        message=f"{finding.message} {first.rule} explains it.",
        cause=first.cause,
        remedies=(Remedy(f"mend {first.rule} first", "a loss that moves"),),
    )

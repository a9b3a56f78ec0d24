"""Statistics of a run → findings and a verdict. Needs no torch."""

from __future__ import annotations

from stetho.diagnose.explaining import explain
from stetho.diagnose.rule import all_rules
from stetho.diagnose.verdict import verdict
from stetho.diagnose.view import RunView
from stetho.record import Diagnosis, Run

__all__ = ["diagnose", "explain"]


def diagnose(run: Run) -> Diagnosis:
    """Everything that the rules find in a run, gravest and most causal first."""
    view = RunView(run)
    findings = [finding for rule in all_rules() for finding in rule.check(view)]
    ordered = tuple(sorted(findings, key=lambda finding: -finding.severity))  # stable: rank stays
    return Diagnosis(verdict(view, ordered), ordered, view.learning.status)

"""Statistics of a run → findings and a verdict. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stetho.diagnose.exclusion import by_exclusion
from stetho.diagnose.explaining import explain, explanations
from stetho.diagnose.grades import LIKELY, experiment, grade
from stetho.diagnose.rule import all_rules, rule_of
from stetho.diagnose.verdict import verdict
from stetho.diagnose.view import RunView
from stetho.record import NOT_LEARNING, Diagnosis, Finding, Remedy, Run, Severity

__all__ = ["diagnose", "explain", "explanations"]


def diagnose(run: Run) -> Diagnosis:
    """Everything that the rules find in a run, gravest and most causal first."""
    view = RunView(run)
    findings = [finding for rule in all_rules() for finding in rule.check(view)]
    ordered = sorted(_beside(findings), key=lambda one: (-one.severity, _came_later(one, view)))
    explained = tuple(_with_onset(_explained(one, ordered, view), view) for one in ordered)
    sure = grade(view, explained)
    return Diagnosis(
        verdict=verdict(view, explained),
        findings=explained,
        learning=view.learning.status,
        grade=sure,
        experiment=experiment(explained) if sure == LIKELY else "",
    )


def _beside(findings: Sequence[Finding]) -> list[Finding]:
    """What cannot be why a network does not learn is a note beside something that can."""
    causes = any(rule_of(one).explains and one.severity > Severity.NOTE for one in findings)
    return [
        replace(one, severity=Severity.NOTE) if causes and _goes_with(one) else one
        for one in findings
    ]


def _goes_with(finding: Finding) -> bool:
    return not rule_of(finding).explains and finding.rule != NOT_LEARNING


def _came_later(finding: Finding, view: RunView) -> bool:
    """A cause comes before its effect: what stood at the start is no effect of what came later.

    The first two probes count as the start, as the effects of steps can be seen from the second on.
    """
    if rule_of(finding).ends:
        return False
    if finding.rule == NOT_LEARNING:
        return True  # it is the effect
    start = view.probes[:2][-1].step if view.probes else 0
    return finding.first_step is not None and finding.first_step > start


def _with_onset(finding: Finding, view: RunView) -> Finding:
    """The same finding with the pair of probed steps between which its symptom began."""
    first = finding.first_step
    if first is None:
        return finding
    before = [probe.step for probe in view.probes if probe.step < first]
    return replace(finding, onset=(max(before, default=first), first))


def _explained(finding: Finding, among: Sequence[Finding], view: RunView) -> Finding:
    """A loss that does not move, with the cause of the gravest finding that explains it."""
    if finding.rule != NOT_LEARNING:
        return finding
    causes = [one for one in among if rule_of(one).explains and one.severity > Severity.NOTE]
    if not causes:
        return by_exclusion(finding, view)
    first = causes[0]
    return replace(
        finding,
        message=f"{finding.message} {first.rule} explains it.",
        cause=first.cause,
        remedies=(Remedy(f"fix {first.rule} first", "a loss that falls"),),
    )

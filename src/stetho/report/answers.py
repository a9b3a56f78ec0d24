"""Run and Diagnosis → what is asked first: which layer, since when, and what to do."""

from __future__ import annotations

from stetho.record import NOT_LEARNING, Diagnosis, Finding, Run, Severity
from stetho.report import phrases
from stetho.report.numbers import whole
from stetho.report.tree import Answer, Answers

WHICH, WHEN, WHAT = "Which layer?", "Since when?", "What do I do?"
NAMED = 3  # sites that an answer names


def answers(run: Run, diagnosis: Diagnosis) -> Answers:
    finding = leading(diagnosis)
    if finding is None:
        return _quiet(run, diagnosis)
    return Answers(
        (_which(run, finding), Answer(WHEN, _when(run, finding)), Answer(WHAT, _what(finding)))
    )


def leading(diagnosis: Diagnosis) -> Finding | None:
    """The finding to speak of first: the gravest that says more than that nothing is learned."""
    grave = [finding for finding in diagnosis.findings if finding.severity > Severity.NOTE]
    ordered = sorted(grave, key=lambda finding: -finding.severity)
    telling = (finding for finding in ordered if finding.rule != NOT_LEARNING)
    return next(telling, ordered[0] if ordered else None)


def _quiet(run: Run, diagnosis: Diagnosis) -> Answers:
    hidden = sum(not site.output for site in run.sites)
    notes = len(diagnosis.findings)
    which = f"None of {whole(hidden)} hidden sites." if run.sites else "No site was seen."
    if not run.probes:
        return Answers((Answer(WHICH, which), Answer(WHEN, "–"), Answer(WHAT, diagnosis.verdict)))
    do = "Nothing: no finding asks for a change."
    if notes:
        do = f"Nothing now. {whole(notes)} note{'s' if notes > 1 else ''} below may be of use."
    return Answers((Answer(WHICH, which), Answer(WHEN, "–"), Answer(WHAT, do)))


def _which(run: Run, finding: Finding) -> Answer:
    known = {layer.name: f"layer {layer.name}" for layer in run.layers}
    known |= {site.name: phrases.at(site) for site in run.sites}
    names = [known.get(name, name) for name in finding.sites]
    if not names:
        return Answer(WHICH, "No single one: the training as a whole.")
    if len(names) <= NAMED:
        text = ", ".join(names)
    else:
        text = f"{names[0]} … {names[-1]}, {whole(len(names))} in all"
    return Answer(WHICH, text, finding.sites)


def _when(run: Run, finding: Finding) -> str:
    if run.kind == "check":
        return "From the start: this is a check-up before any training."
    if not run.probes:
        return "Not known."
    if finding.first_step is None:  # the median of the last probes has it, the very last has not
        return f"In the last probes, up to step {whole(run.probes[-1].step)}; not in each of them."
    first = run.probes[0].step
    start = ", from the start" if finding.first_step == first else ""
    return f"Step {whole(finding.first_step)}{start}."


def _what(finding: Finding) -> str:
    if not finding.remedies:
        return f"Read what `stetho explain {finding.rule}` says."
    return phrases.remedy(finding.remedies[0])

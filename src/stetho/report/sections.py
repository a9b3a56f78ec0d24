"""Run and Diagnosis → Report: what is said, in which order. Nothing of how it looks."""

from __future__ import annotations

import math
import shlex
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from stetho.errors import faults_are_raised
from stetho.record import Diagnosis, Run
from stetho.report.numbers import fixed, percent, whole
from stetho.report.site_table import site_section
from stetho.report.tree import (
    Curve,
    FindingBlock,
    Items,
    KeyValues,
    Paragraph,
    Report,
    Section,
    Tone,
    Verbatim,
)

LEARNING = {
    "learns": "it learns",
    "slow": "it learns, but slowly",
    "stuck": "it does not learn",
    "diverged": "it diverged",
    "too-short": "too few steps to tell whether it learns",
}
TRACEBACK_LINES = 20  # of one of our own faults; the whole stands in the JSON form


Makers = tuple[tuple[str, Callable[[], Section | None]], ...]


def build(
    run: Run, diagnosis: Diagnosis, *, file: Path | None = None, all_sites: bool = False
) -> Report:
    """The report: verdict, findings (gravest first), table by depth, learning, gaps, cost.

    `file` is the run file, if one was kept; without `all_sites` only the telling sites are shown.
    A section that cannot be made is named as such and the others are made all the same.
    """
    makers: Makers = (
        ("verdict", lambda: Section("", (Paragraph(diagnosis.verdict, Tone.STRONG),))),
        ("findings", lambda: findings(diagnosis)),
        ("sites", lambda: site_section(run, diagnosis, all_sites=all_sites)),
        ("learning", lambda: learning(run, diagnosis)),
        ("unseen", lambda: unseen(run)),
        ("faults", lambda: faults(run)),
        ("cost", lambda: cost(run)),
        ("file", lambda: file_section(file)),
    )
    return made(run.command, makers)


def made(title: str, makers: Makers) -> Report:
    """A report of all sections that have something to say, each with its name as its key."""
    sections = ((name, _guarded(name, make)) for name, make in makers)
    return Report(title, tuple(replace(one, key=name) for name, one in sections if one is not None))


def _guarded(name: str, make: Callable[[], Section | None]) -> Section | None:
    try:
        return make()
    except Exception as error:
        if faults_are_raised():
            raise
        warnings.warn(f"section {name!r} of the report failed: {error!r}", stacklevel=2)
        return Section("", (Paragraph(f"(section {name} could not be made: {error!r})"),))


def findings(diagnosis: Diagnosis) -> Section | None:
    gravest_first = sorted(diagnosis.findings, key=lambda finding: -finding.severity)
    blocks = tuple(FindingBlock(finding) for finding in gravest_first)
    return Section("", blocks) if blocks else None


def learning(run: Run, diagnosis: Diagnosis) -> Section | None:
    if run.kind == "check":
        return Section("Learning", (Paragraph(f"Not looked at: a check-up.{_check_loss(run)}"),))
    if not run.losses:
        return Section("Learning", (Paragraph("No loss was seen: nothing called backward."),))
    steps = run.overhead.steps or run.loss_steps[-1] + 1
    word = LEARNING.get(diagnosis.learning)
    text = f"Loss {fixed(run.losses[0])} → {fixed(final_loss(run))} over {whole(steps)} steps"
    text += f": {word}." if word else "."
    if run.first_nonfinite_loss is not None:
        text += f" NaN or Inf since step {whole(run.first_nonfinite_loss)}."
    text += _baseline(run)
    return Section("Learning", (Paragraph(text), Curve(run.loss_steps, run.losses)))


def _check_loss(run: Run) -> str:
    losses = [probe.loss for probe in run.probes] or list(run.losses)
    return f" Loss on this batch {fixed(losses[-1])}.{_baseline(run)}" if losses else ""


def _baseline(run: Run) -> str:
    baseline = run.probes[-1].baseline if run.probes else math.nan
    if math.isnan(baseline):
        return ""
    return f" The best constant prediction scores {fixed(baseline)}."


def final_loss(run: Run) -> float:
    """The median of the last tenth of the losses, ten of them at most: one batch is noise."""
    last = run.losses[-max(1, min(10, len(run.losses) // 10)) :]
    known = [loss for loss in last if not math.isnan(loss)]
    return median(known) if known and math.isfinite(last[-1]) else (last or (math.nan,))[-1]


def unseen(run: Run) -> Section | None:
    return Section("Not seen", (Items(run.unseen),)) if run.unseen else None


def faults(run: Run) -> Section | None:
    if not run.faults:
        return None
    text = "stetho itself failed here and stopped watching; the training went on. Please report it:"
    traces = tuple(Verbatim(tuple(fault.splitlines()[-TRACEBACK_LINES:])) for fault in run.faults)
    return Section("A fault of stetho", (Paragraph(text), *traces))


def cost(run: Run) -> Section | None:
    if run.kind == "check":
        return None
    if not run.overhead.total:
        text = "What watching cost is not known: the run did not come to its end."
        return Section("", (Paragraph(text, Tone.QUIET),)) if not run.finished else None
    spent = run.overhead
    last = f", the last at step {whole(run.probes[-1].step)}" if run.probes else ""
    text = (
        f"Overhead: {fixed(spent.seconds)} s, {percent(spent.share)} of the run "
        f"({whole(spent.probes)} of {_counted(spent.steps, 'step')} probed{last})."
    )
    if not spent.compiled:
        text += " Without the compiled core a look costs several times more: see stetho --version."
    if not run.finished:
        text += " The run did not come to its end."
    return Section("", (Paragraph(text, Tone.QUIET),))


def _counted(count: int, noun: str) -> str:
    return f"{whole(count)} {noun}" if count == 1 else f"{whole(count)} {noun}s"


def file_section(file: Path | None) -> Section | None:
    if file is None:
        return None
    command = f"stetho report {shlex.quote(str(file))}"
    return Section("", (KeyValues((("Run file", str(file)), ("Print again", command))),))

"""Run and Diagnosis → Report: what is stated, in which order, and what a page adds as charts."""

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
from stetho.report.answers import answers
from stetho.report.numbers import fixed, percent, whole
from stetho.report.site_table import site_section
from stetho.report.tree import (
    Chart,
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


DEPTH = Chart(
    "depth",
    "Gradient and signal by depth",
    "Left: the first layer, right: the last. In a healthy network both lines stay near 1. A "
    "gradient that falls towards the left does not reach the first layers.",
)
PARTS = Chart(
    "parts",
    "Who takes the gradient away",
    "Factors multiplied from the last hidden site back to each site: of the functions' slopes "
    "alone, of the weights alone, and of both. The line that falls is to blame.",
)
HEATMAP = Chart(
    "heatmap",
    "Every site at every step",
    "Rows are sites in call order, columns are steps. Faint is fine, strong colour is trouble. A "
    "click (or Enter) on a cell shows that site's histogram at that step.",
)
SITE = Chart(
    "site",
    "Histogram of z",
    "What goes into the activation function. Where the slope's line is near 0, no gradient passes.",
)
THROUGH = Chart(
    "through",
    "The same site through time",
    "Each column is the histogram of one probe. A distribution that wanders, widens or narrows "
    "is drift.",
)
MULTIPLES = Chart(
    "multiples",
    "z by depth",
    "One histogram a site, at the last probe, in call order. Red: where the slope is almost 0.",
)
LOSS = Chart("loss", "Loss", "Upright lines: the first step of each finding.")


def build_page(run: Run, diagnosis: Diagnosis, *, file: Path | None = None) -> Report:
    """All sections of `build`, with every site, and the charts that the run has."""
    makers: Makers = (
        ("verdict", lambda: _verdict(run, diagnosis)),
        ("findings", lambda: _titled("Findings", findings(diagnosis))),
        ("depth", lambda: _depth(run, diagnosis)),
        ("heatmaps", lambda: _heatmaps(run)),
        ("site", lambda: _site(run)),
        ("distributions", lambda: _distributions(run)),
        ("learning", lambda: _learning(run, diagnosis)),
        ("unseen", lambda: unseen(run)),
        ("faults", lambda: faults(run)),
        ("cost", lambda: cost(run)),
        ("file", lambda: file_section(file)),
    )
    return made(run.command, makers)


def _titled(title: str, section: Section | None) -> Section | None:
    return replace(section, title=title) if section is not None else None


def _verdict(run: Run, diagnosis: Diagnosis) -> Section:
    text = Paragraph(diagnosis.verdict, Tone.STRONG)
    chart = (DEPTH,) if _measured(run) else ()
    return Section("", (text, answers(run, diagnosis), *chart))


def _measured(run: Run) -> bool:
    return any(probe.sites for probe in run.probes)


def _depth(run: Run, diagnosis: Diagnosis) -> Section:
    section = site_section(run, diagnosis, all_sites=True)
    hidden = sum(not site.output for site in run.sites)
    return replace(section, blocks=((PARTS,) if hidden > 1 else ()) + section.blocks)


def _heatmaps(run: Run) -> Section | None:
    return Section("Site by step", (HEATMAP,)) if _measured(run) else None


def _has_histograms(run: Run) -> bool:
    return any(stats.histogram for probe in run.probes for stats in probe.sites.values())


def _site(run: Run) -> Section | None:
    if not _has_histograms(run):
        return None
    return Section("One site", (SITE, *((THROUGH,) if len(run.probes) > 1 else ())))


def _distributions(run: Run) -> Section | None:
    return Section("Distributions", (MULTIPLES,)) if _has_histograms(run) else None


def _learning(run: Run, diagnosis: Diagnosis) -> Section | None:
    section = learning(run, diagnosis)
    if section is None:
        return None
    blocks = (LOSS if isinstance(block, Curve) else block for block in section.blocks)
    return replace(section, blocks=tuple(blocks))

"""Run and Diagnosis → Report for a page: the sections of the terminal, and what can be drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stetho.record import Diagnosis, Run
from stetho.report import sections
from stetho.report.answers import answers
from stetho.report.site_table import site_section
from stetho.report.tree import Chart, Curve, Paragraph, Report, Section, Tone

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
    """All sections of `sections.build`, with every site, and the charts that the run has."""
    makers: sections.Makers = (
        ("verdict", lambda: _verdict(run, diagnosis)),
        ("findings", lambda: _titled("Findings", sections.findings(diagnosis))),
        ("depth", lambda: _depth(run, diagnosis)),
        ("heatmaps", lambda: _heatmaps(run)),
        ("site", lambda: _site(run)),
        ("distributions", lambda: _distributions(run)),
        ("learning", lambda: _learning(run, diagnosis)),
        ("unseen", lambda: sections.unseen(run)),
        ("faults", lambda: sections.faults(run)),
        ("cost", lambda: sections.cost(run)),
        ("file", lambda: sections.file_section(file)),
    )
    return sections.made(run.command, makers)


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
    section = sections.learning(run, diagnosis)
    if section is None:
        return None
    blocks = (LOSS if isinstance(block, Curve) else block for block in section.blocks)
    return replace(section, blocks=tuple(blocks))

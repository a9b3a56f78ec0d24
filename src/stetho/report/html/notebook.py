"""Run and Diagnosis → panels for a notebook: markup and SVG with their styles in them, no scripts.

Notebooks show the output of others without running its scripts, and have themes of their own: text
takes the notebook's colour, lines are in colours that can be told on white and on black.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from stetho.record import Diagnosis, Predicted, Run
from stetho.report import numbers, phrases, tree
from stetho.report.answers import answers
from stetho.report.html.blocks import Context
from stetho.report.html.escape import text
from stetho.report.html.frame import sections
from stetho.report.html.svg import Line, log_plot
from stetho.report.prediction import summary
from stetho.report.run import learning
from stetho.report.site_rows import SiteRow, site_rows
from stetho.report.thinning import thin_curve

GRADIENT, SIGNAL, BAND = "#2f7be0", "#2f9e68", "#8a97a8"
COLOURS = {"fault": "#d64545", "warning": "#c07a12", "note": "#4a82cf"}
QUIET = "opacity:.75;font-size:90%"
NAMED = 5  # findings
LOSS_POINTS = 300


def run_panel(run: Run, diagnosis: Diagnosis) -> str:
    parts = [f"<p><strong>{text(diagnosis.verdict)}</strong></p>", _answers(run, diagnosis)]
    parts += [_depth(run), _findings(diagnosis), _loss(run)]
    return f'<div class="stetho" style="max-width:760px">{"".join(parts)}</div>'


def report_panel(report: tree.Report) -> str:
    """Any report of words and tables."""
    return f'<div class="stetho">{sections(report, Context())}</div>'


def predicted_panel(predicted: Predicted) -> str:
    sites = predicted.sites
    band = [(site.grad_band[0], site.grad_band[1]) for site in sites]
    plot = log_plot(
        [Line("predicted gradient rms", GRADIENT, [site.grad_rms for site in sites])],
        [site.name for site in sites],
        band=band,
        band_colour=BAND,
    )
    return (
        '<div class="stetho" style="max-width:760px">'
        f"<p><strong>{text(summary(predicted))}</strong></p>{plot}"
        f'<p style="{QUIET}">Band: 95 % of networks of this width.</p></div>'
    )


def _answers(run: Run, diagnosis: Diagnosis) -> str:
    rows = "".join(
        f'<tr><th style="text-align:left;white-space:nowrap">{text(one.question)}</th>'
        f'<td style="text-align:left">{text(one.text)}</td></tr>'
        for one in answers(run, diagnosis).answers
    )
    return f"<table>{rows}</table>"


def _depth(run: Run) -> str:
    rows = [row for row in site_rows(run) if not row.site.output]
    if len(rows) < 2:
        return ""
    lines = [
        Line("gradient, flows back", GRADIENT, _over(rows, "down_rms", rows[-1].stats.up_rms)),
        Line("signal, flows forward", SIGNAL, _signal(rows)),
    ]
    plot = log_plot(lines, [phrases.at(row.site) for row in rows], vanishing=1e-3)
    return (
        f'<p style="margin:8px 0 0"><strong>Gradient and signal by depth</strong> '
        f'<span style="{QUIET}">relative to where each comes in</span></p>{plot}'
    )


def _over(rows: Sequence[SiteRow], field: str, source: float) -> list[float]:
    return [getattr(row.stats, field) / source if source > 0 else math.nan for row in rows]


def _signal(rows: Sequence[SiteRow]) -> list[float]:
    sizes = [math.hypot(row.stats.a_mean, row.stats.a_std) for row in rows]
    return [size / sizes[0] if sizes[0] > 0 else math.nan for size in sizes]


def _findings(diagnosis: Diagnosis) -> str:
    ordered = sorted(diagnosis.findings, key=lambda finding: -finding.severity)
    items = []
    for finding in ordered[:NAMED]:
        word, since = finding.severity.word, phrases.since(finding)
        blame = f"<br>To blame: {text(phrases.blame(finding))}" if finding.cause else ""
        items.append(
            f'<li><span style="color:{COLOURS[word]};font-weight:600">{word}</span> '
            f"<strong>{text(finding.rule)}</strong> {since}<br>{text(finding.message)}{blame}</li>"
        )
    more = len(ordered) - NAMED
    rest = f'<p style="{QUIET}">{more} more findings.</p>' if more > 0 else ""
    return f"<ul>{''.join(items)}</ul>{rest}" if items else ""


def _loss(run: Run) -> str:
    section = learning(run, Diagnosis(""))
    if section is None or not isinstance(section.blocks[0], tree.Paragraph):
        return ""
    words = text(section.blocks[0].text)
    _, losses = thin_curve(run.loss_steps, run.losses, LOSS_POINTS)
    known = [loss for loss in losses if math.isfinite(loss)]
    if len(known) < 2:
        return f"<p>{words}</p>"
    high, low = max(known), min(0.0, *known)
    span = (high - low) or 1.0
    points = " ".join(
        f"{740 * place / (len(known) - 1):.1f},{44 - 40 * (loss - low) / span:.1f}"
        for place, loss in enumerate(known)
    )
    label = f"Loss from {numbers.fixed(known[0])} to {numbers.fixed(known[-1])}"
    return (
        f'<p style="margin:8px 0 0">{words}</p><svg viewBox="0 0 740 48" width="100%" role="img" '
        f'aria-label="{text(label)}"><polyline points="{points}" fill="none" stroke="{GRADIENT}" '
        'stroke-width="1.5"/></svg>'
    )

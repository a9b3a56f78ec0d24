"""Finding → a card: what, where, since when, with which evidence, who is to blame, what helps."""

from __future__ import annotations

import math

from stetho.record import Evidence, Finding
from stetho.report import numbers, phrases
from stetho.report.html.escape import text
from stetho.report.html.site_links import Places

CHIPS = 8  # sites named at once; the rest behind a fold


def card(finding: Finding, places: Places, explanation: str | None) -> str:
    severity, rule = finding.severity.word, text(finding.rule)
    since = phrases.since(finding)
    parts = [
        f'<header><h3><span class="badge {severity}">{severity}</span> {rule}</h3>',
        f'<span class="since">{since}</span>' if since else "",
        "</header>",
        f"<p>{places.linked(finding.message)}</p>",
        _sites(finding, places),
        '<div class="halves">',
        _evidence(finding),
        _blame(finding),
        "</div>",
        _remedies(finding),
        _explanation(finding, explanation),
    ]
    return f'<article class="finding {severity}" data-rule="{rule}">{"".join(parts)}</article>'


def _sites(finding: Finding, places: Places) -> str:
    if not finding.sites:
        return ""
    links = [f"<li>{places.link(name, finding.first_step)}</li>" for name in finding.sites]
    first, more = links[:CHIPS], links[CHIPS:]
    made = f'<ul class="chips" aria-label="Where">{"".join(first)}</ul>'
    if more:
        made += (
            f"<details><summary>{len(more)} more of {len(links)} sites</summary>"
            f'<ul class="chips">{"".join(more)}</ul></details>'
        )
    return made


def _evidence(finding: Finding) -> str:
    if not finding.evidence:
        return ""
    rows = "".join(_measured(name, item) for name, item in finding.evidence.items())
    return (
        '<table class="evidence"><caption>Measured</caption><thead><tr><th scope="col">what</th>'
        '<th scope="col">value</th><th scope="col">limit</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _measured(name: str, item: Evidence) -> str:
    value = text(numbers.quantity(item.value, item.unit))
    limit = "" if math.isnan(item.limit) else text(numbers.quantity(item.limit, item.unit))
    return f'<tr><th scope="row">{text(name)}</th><td>{value}</td><td>{limit}</td></tr>'


def _blame(finding: Finding) -> str:
    if not finding.cause:
        return ""
    shares = phrases.shares(finding)
    bars = "".join(
        f'<span class="cause-{turn % 5}" style="width:{_width(share)}%"></span>'
        for turn, (_, share) in enumerate(shares)
    )
    keys = "".join(
        f'<li><span class="key area cause-{turn % 5}" aria-hidden="true"></span>'
        f"{text(name)} {text(numbers.percent(share))}</li>"
        for turn, (name, share) in enumerate(shares)
    )
    return (
        f'<div class="blame"><h4>To blame</h4><div class="stack" aria-hidden="true">{bars}</div>'
        f'<ul class="legend">{keys}</ul></div>'
    )


def _width(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.1f}" if math.isfinite(share) else "0"


def _remedies(finding: Finding) -> str:
    if not finding.remedies:
        return ""
    rows = "".join(
        f"<li><strong>{text(remedy.do)}</strong>"
        + (f" — {text(remedy.expected)}" if remedy.expected else "")
        + "</li>"
        for remedy in finding.remedies
    )
    return f'<h4>What helps</h4><ul class="remedies">{rows}</ul>'


def _explanation(finding: Finding, explanation: str | None) -> str:
    if not explanation:
        return ""
    paragraphs = "".join(f"<p>{text(part)}</p>" for part in explanation.split("\n\n") if part)
    return (
        f'<details class="explain"><summary>What {text(finding.rule)} looks at, and why</summary>'
        f"{paragraphs}</details>"
    )

"""Claim → a card: the sentence, its pictures, what was measured, the verdict, what to take."""

from __future__ import annotations

from stetho.record import Answer, ClaimResult, Measure, Picture, Verdict
from stetho.report import claim_phrases, tree
from stetho.report.html.escape import text

BADGES = {
    Verdict.HOLDS: "good",
    Verdict.IN_PART: "note",
    Verdict.NOT: "fault",
    Verdict.UNDECIDED: "warning",
}
COLUMNS = ("measured", "value", "95 % interval", "theory", "asked", "met")
WORDS = {Answer.YES: "yes", Answer.NO: "no", Answer.OPEN: "open"}


def card(block: tree.ClaimBlock) -> str:
    result = block.result
    pictures = "".join(
        _figure(picture, block.first_picture + place)
        for place, picture in enumerate(result.pictures)
    )
    return (
        f'<article class="claim" id="{anchor(result)}">'
        f"<header><h3>{text(result.id)} · {text(result.title)}</h3>{badge(result)}</header>"
        f'<div class="halves"><div><p class="says">{text(result.says)}</p>'
        f"<p><strong>Take from it:</strong> {text(result.take_away)}</p>{_details(result)}</div>"
        f"<div>{pictures}</div></div>{_table(result)}</article>"
    )


def listed(block: tree.ClaimList) -> str:
    """All claims at a glance, each a link to its card."""
    rows = "".join(
        f'<li><a href="#{anchor(one)}">{text(one.id)} · {text(one.title)}</a>{badge(one)}</li>'
        for one in block.results
    )
    return f'<ul class="claim-list">{rows}</ul>'


def anchor(result: ClaimResult) -> str:
    return f"claim-{text(result.id.lower())}"


def badge(result: ClaimResult) -> str:
    return f'<span class="badge {BADGES[result.verdict]}">{text(result.verdict.value)}</span>'


def _figure(picture: Picture, place: int) -> str:
    return (
        f'<figure data-chart="picture" data-place="{place}" class="chart picture"><figcaption>'
        f'<h4>{text(picture.title)}</h4><p class="quiet">{text(picture.caption)}</p></figcaption>'
        f'<p class="quiet upward">↑ {text(picture.y)}</p><div class="plot"></div></figure>'
    )


def _table(result: ClaimResult) -> str:
    heads = "".join(f'<th scope="col">{title}</th>' for title in COLUMNS)
    rows = "".join(_row(one) for one in result.measures)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Measures">'
        f'<table class="measures"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _row(one: Measure) -> str:
    word = WORDS[one.answer] if one.asked else ""
    cells = (
        claim_phrases.value(one),
        claim_phrases.interval(one) or "no spread",
        claim_phrases.expected(one),
        claim_phrases.limit(one),
        word,
    )
    body = "".join(f"<td>{text(cell)}</td>" for cell in cells)
    return f'<tr class="{word}"><th scope="row">{text(one.what)}</th>{body}</tr>'


def _details(result: ClaimResult) -> str:
    rows = "".join(
        f"<dt>{text(label)}</dt><dd>{text(told)}</dd>"
        for label, told in claim_phrases.told(result)
        if label in ("experiment", "criterion", "decided by")
    )
    return (
        f'<details open><summary>How it was measured</summary><dl class="told">{rows}</dl>'
        "</details>"
    )

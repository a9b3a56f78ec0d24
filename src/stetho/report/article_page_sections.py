"""The claims' results → Report for the page: what to know first, then claims with pictures."""

from __future__ import annotations

from itertools import accumulate

from stetho.record import ArticleResult
from stetho.report.article_prose import INTRODUCTION, PROSE
from stetho.report.article_sections import grouped
from stetho.report.claim_phrases import summary
from stetho.report.tree import ClaimBlock, ClaimList, Paragraph, Report, Section, Tone


def article_page_report(result: ArticleResult) -> Report:
    counts = [len(one.pictures) for one in result.claims]
    first = dict(zip((one.id for one in result.claims), accumulate(counts, initial=0)))
    opening = Section(
        "",
        (
            Paragraph(summary(result), Tone.STRONG),
            *(Paragraph(text) for text in INTRODUCTION),
            ClaimList(result.claims),
        ),
        "claims",
    )
    groups = tuple(
        Section(
            group.title,
            (
                *(Paragraph(text) for text in PROSE[group.key]),
                *(ClaimBlock(one, True, first[one.id]) for one in members),
            ),
            group.key,
        )
        for group, members in grouped(result)
    )
    return Report("article", (opening, *groups))

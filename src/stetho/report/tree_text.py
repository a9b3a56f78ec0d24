"""Report → its words alone: what every lowering says, for the JSON form and to compare them."""

from __future__ import annotations

from typing import Any

from stetho.report import claim_phrases, phrases, tree


def sentences(report: tree.Report) -> list[dict[str, Any]]:
    """For each section its title and its lines. Tables and drawings have none."""
    return [
        {"title": section.title, "lines": [line for one in section.blocks for line in lines(one)]}
        for section in report.sections
    ]


def lines(block: tree.Block) -> list[str]:
    if isinstance(block, tree.Paragraph):
        return [block.text]
    if isinstance(block, tree.FindingBlock):
        return _finding(block)
    if isinstance(block, tree.Items):
        return list(block.sentences)
    if isinstance(block, tree.KeyValues):
        return [text for pair in block.pairs for text in pair]
    if isinstance(block, tree.Verbatim):
        return list(block.lines)
    if isinstance(block, tree.Answers):
        return [text for one in block.answers for text in (one.question, one.text)]
    if isinstance(block, tree.ClaimBlock):
        return claim_phrases.lines(block.result, block.whole)
    if isinstance(block, tree.ClaimList):
        return [text for one in block.results for text in (one.id, one.title, one.verdict.value)]
    return []


def _finding(block: tree.FindingBlock) -> list[str]:
    finding = block.finding
    head = [finding.severity.word, finding.rule, phrases.since(finding), finding.message]
    made = [*head, *(phrases.evidence_lines(finding)), phrases.blame(finding)]
    for remedy in finding.remedies:
        made += [remedy.do, remedy.expected]
    return [line for line in made if line]

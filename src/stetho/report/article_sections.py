"""The claims' results → Report: by group, each with what decided, and how many hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stetho.record import ArticleResult, ClaimResult
from stetho.report.claim_phrases import summary
from stetho.report.tree import ClaimBlock, KeyValues, Paragraph, Report, Section, Tone

FEW = 3  # claims up to which everything is told of each


@dataclass(frozen=True, slots=True)
class Group:
    key: str  # how the ids of its claims begin, in small letters
    title: str


GROUPS = (
    Group("a", "What a layer's input should look like"),
    Group("b", "Vanishing gradients and saturation"),
    Group("c", "ReLU"),
    Group("d", "Leaky, randomised and parametric ReLU"),
    Group("e", "ELU"),
    Group("advice", "How to choose"),
    Group("others", "Optimizers, LSTM and YOLO"),
)


def group_of(result: ClaimResult) -> Group:
    stem = result.id.lower().rstrip("0123456789").rstrip("-")
    return next((one for one in GROUPS if one.key == stem), GROUPS[-1])


def grouped(result: ArticleResult) -> Iterator[tuple[Group, tuple[ClaimResult, ...]]]:
    for group in GROUPS:
        members = tuple(one for one in result.claims if group_of(one) is group)
        if members:
            yield group, members


def article_report(result: ArticleResult) -> Report:
    """For a terminal: everything of up to three claims, of more what decided."""
    whole = len(result.claims) <= FEW
    sections = [
        Section(group.title, tuple(ClaimBlock(one, whole) for one in members), group.key)
        for group, members in grouped(result)
    ]
    sections.append(Section("", (Paragraph(summary(result), Tone.STRONG),), "verdict"))
    if not whole:
        sections.append(Section("", (KeyValues(_next(result)),), "next"))
    return Report("stetho article", tuple(sections))


def _next(result: ArticleResult) -> tuple[tuple[str, str], ...]:
    first = result.claims[0].id
    return (
        ("Everything of one claim", f"stetho article {first}"),
        ("With pictures", "stetho article --html article.html"),
    )

"""A report's tree → the page around it: header, navigation, sections, footer."""

from __future__ import annotations

from stetho.report import tree
from stetho.report.html.blocks import Context, block
from stetho.report.html.escape import text


def frame(report: tree.Report, context: Context, badge: str = "", facts: str = "") -> str:
    """The whole body. Sections with a title are in the navigation."""
    links = "".join(
        f'<a href="#{one.key}">{text(one.title)}</a>' for one in report.sections if one.title
    )
    return (
        '<a class="skip" href="#content">To the report</a>'
        f"{_header(report.title, badge, facts)}"
        f'<nav aria-label="Sections">{links}</nav>'
        f'<main id="content">{sections(report, context)}</main>'
        '<footer class="quiet">stetho, a stethoscope for training. This page loads nothing from '
        'any network.</footer><div id="announcer" class="unseen" aria-live="polite"></div>'
    )


def sections(report: tree.Report, context: Context) -> str:
    return "".join(_section(one, context) for one in report.sections)


def badge(kind: str, word: str) -> str:
    return f'<span class="badge {kind}" id="status">{text(word)}</span>'


def _header(title: str, badge: str, facts: str) -> str:
    return (
        f'<header class="top"><h1><span class="brand">stetho</span> <code>{text(title)}</code></h1>'
        f'{badge}<span class="grow"></span><span class="quiet facts-line">{text(facts)}</span>'
        '<button type="button" id="save-json">Save as JSON</button>'
        '<button type="button" id="theme">Dark</button></header>'
    )


def _section(one: tree.Section, context: Context) -> str:
    title = f'<h2 tabindex="-1">{text(one.title)}</h2>' if one.title else ""
    blocks = "".join(block(part, context) for part in one.blocks)
    return f'<section id="{one.key}" class="{one.key}">{title}{blocks}</section>'

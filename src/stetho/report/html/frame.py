"""A report's tree → the page around it: header, navigation, sections, footer."""

from __future__ import annotations

from stetho.report import tree
from stetho.report.html.blocks import Context, block
from stetho.report.html.escape import text


def frame(report: tree.Report, context: Context, badge: str = "", facts: str = "") -> str:
    """The whole body of a report's page. Sections with a title are in the navigation."""
    return around(report.title, sections(report, context), navigation(report), badge, facts)


def around(title: str, main: str, links: str = "", badge: str = "", facts: str = "") -> str:
    """The body of any page; what is given as markup is escaped already."""
    navigation = f'<nav aria-label="Sections">{links}</nav>' if links else ""
    return (
        '<a class="skip" href="#content">To the report</a>'
        f"{_header(title, badge, facts)}{navigation}"
        f'<main id="content">{main}</main>'
        '<footer class="quiet">stetho, a stethoscope for training. This page loads nothing from '
        'any other place.</footer><div id="announcer" class="unseen" aria-live="polite"></div>'
    )


def navigation(report: tree.Report) -> str:
    return "".join(
        f'<a href="#{one.key}">{text(one.title)}</a>' for one in report.sections if one.title
    )


def sections(report: tree.Report, context: Context) -> str:
    return "".join(_section(one, context) for one in report.sections)


def badge(kind: str, word: str) -> str:
    return f'<span class="badge {kind}">{text(word)}</span>'


def _header(title: str, badge: str, facts: str) -> str:
    return (
        f'<header class="top"><h1><span class="brand">stetho</span> <code>{text(title)}</code></h1>'
        f'<span id="status">{badge}</span><span class="grow"></span>'
        f'<span class="quiet facts-line" id="facts">{text(facts)}</span>'
        '<button type="button" id="save-json">Save as JSON</button>'
        '<button type="button" id="theme">Dark</button></header>'
    )


def _section(one: tree.Section, context: Context) -> str:
    title = f'<h2 tabindex="-1">{text(one.title)}</h2>' if one.title else ""
    blocks = "".join(block(part, context) for part in one.blocks)
    return f'<section id="{one.key}" class="{one.key}">{title}{blocks}</section>'

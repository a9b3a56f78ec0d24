"""A report of words and tables → its page."""

from __future__ import annotations

from typing import Any

from stetho.report import tree
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.frame import frame
from stetho.report.html.site_links import Places

NOTHING = {"sites": [], "followed": {}, "histograms": [], "loss": {"losses": []}, "findings": []}


def plain_page(report: tree.Report, form: Any = None) -> str:
    return document.document(
        f"stetho: {report.title}",
        frame(report, Context(Places({}))),
        NOTHING,
        scripts=(*document.BASE, "plain.js"),
        form=form,
    )

"""Sections and chart data → one self-contained HTML file: no network, no script but our own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from stetho.report import tree
from stetho.report.html.blocks import Context
from stetho.report.html.escape import script_json, text
from stetho.report.html.frame import frame
from stetho.report.html.site_links import Places

ASSETS = "assets"
STYLES = ("vendor/uPlot.min.css", "page.css")
VENDOR, LICENCE = "vendor/uPlot.iife.min.js", "vendor/uPlot.LICENSE"
# One after the other in one scope; a page that draws other things has other parts.
BASE = ("numbers.js", "dom.js", "data.js", "twin.js", "scales.js", "lines.js")
RUN = (
    *BASE,
    *("depth.js", "heatmap.js", "histogram.js", "site.js", "multiples.js", "loss.js"),
    *("live.js", "run.js"),
)


@cache
def asset(name: str) -> str:
    path = files("stetho.report.html") / ASSETS
    for part in name.split("/"):
        path = path / part
    return path.read_text(encoding="utf-8")


@cache
def script(parts: tuple[str, ...]) -> str:
    body = "\n".join(asset(part) for part in parts)
    return f'(() => {{\n"use strict";\n{body}\n}})();'


def document(
    title: str,
    body: str,
    data: Any,
    *,
    scripts: Sequence[str],
    form: Any = None,
    live: str | None = None,
) -> str:
    """The whole file.

    Args:
        body: markup of the page, escaped already.
        data: what the scripts draw.
        form: the JSON form of the report, to save.
        live: where news come from, for the live page.
    """
    ours = script((*scripts, "page.js"))
    vendor = f"/*\n{asset(LICENCE)}*/\n{asset(VENDOR)}"  # every copy carries its licence
    styles = "\n".join(asset(name) for name in STYLES)
    kept = (
        f'<script type="application/json" id="report-json">{script_json(form)}</script>'
        if form is not None
        else ""
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(vendor, ours)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{text(title)}</title><style>{styles}</style></head>"
        f"<body{_live(live)}>{body}"
        f'<script type="application/json" id="chart-data">{script_json(data)}</script>{kept}'
        f"<script>{vendor}</script><script>{ours}</script></body></html>\n"
    )


def policy(*scripts: str) -> str:
    """Only these very scripts may run, whatever else a name should smuggle in."""
    hashes = " ".join(f"'sha256-{_digest(one)}'" for one in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def _digest(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode("ascii")


def _live(address: str | None) -> str:
    return f' data-live="{text(address)}"' if address is not None else ""


NOTHING = {"sites": [], "followed": {}, "histograms": [], "loss": {"losses": []}, "findings": []}


def plain_page(report: tree.Report, form: Any = None) -> str:
    return document(
        f"stetho: {report.title}",
        frame(report, Context(Places({}))),
        NOTHING,
        scripts=(*BASE, "plain.js"),
        form=form,
    )

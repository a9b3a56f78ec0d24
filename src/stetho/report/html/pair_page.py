"""Two runs → their page side by side."""

from __future__ import annotations

from typing import Any

from stetho.record import histogram_edges
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.frame import frame
from stetho.report.html.site_links import Places
from stetho.report.pair import Pair, Side, arriving, pair_json, pair_report, pairs
from stetho.report.site_rows import SiteRow, site_rows
from stetho.report.thinning import thin_curve

SCRIPTS = (*document.BASE, "pair.js")


def pair_page(a: Side, b: Side) -> str:
    report = pair_report(a, b, charts=True)
    return document.document(
        "stetho: two runs",
        frame(report, Context(Places({}))),
        pair_data(a, b),
        scripts=SCRIPTS,
        form=pair_json(a, b),
    )


def pair_data(a: Side, b: Side) -> dict[str, Any]:
    left, right = site_rows(a.run), site_rows(b.run)
    hidden = [
        pair
        for pair in pairs(a.run, b.run)
        if not ((pair.a and pair.a.site.output) or (pair.b and pair.b.site.output))
    ]
    return {
        "sites": [_site(pair) for pair in hidden],
        "arrives": {
            "a": [arriving(left, pair.a) if pair.a else None for pair in hidden],
            "b": [arriving(right, pair.b) if pair.b else None for pair in hidden],
        },
        "curves": {"a": _curve(a), "b": _curve(b)},
        "columns": {"first": [], "last": []},
        "followed": {},
        "edges": histogram_edges(),
        "histograms": [],
        "loss": {"losses": []},
        "findings": [],
    }


def _site(pair: Pair) -> dict[str, Any]:
    row: SiteRow | None = pair.a or pair.b
    assert row is not None, "a pair has at least one side"
    return {
        "name": row.site.name,
        "other": pair.b.site.name if pair.b else None,
        "layer": row.site.layer,
        "model": row.site.model,
        "function": row.site.function.name,
        "output": False,
    }


def _curve(side: Side) -> dict[str, Any]:
    steps, losses = thin_curve(side.run.loss_steps, side.run.losses)
    return {"steps": steps, "losses": losses}

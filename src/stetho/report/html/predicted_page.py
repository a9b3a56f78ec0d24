"""Predicted → the page of a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stetho.record import Predicted, histogram_edges
from stetho.report.charts import predicted_data
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.frame import frame
from stetho.report.html.site_links import Places
from stetho.report.prediction import predicted_report

SCRIPTS = (*document.BASE, "depth.js", "predicted.js")


def predicted_page(predictions: Mapping[str, Predicted], form: Any = None) -> str:
    """`predictions`: by the function that is at every site; "" for the model as it is."""
    report = predicted_report(predictions)
    first = next(iter(predictions.values()))
    data = {
        **predicted_data(first),
        "columns": {"first": [], "last": []},
        "followed": {},
        "edges": histogram_edges(),
        "histograms": [],
        "others": {name: predicted_data(one) for name, one in predictions.items()},
    }
    return document.document(
        "stetho: predicted",
        frame(report, Context(Places({}))),
        data,
        scripts=SCRIPTS,
        form=form,
    )

"""ChartData → what the page's scripts read (schema `stetho/page/1`, for this package only)."""

from __future__ import annotations

from typing import Any

from stetho.record import histogram_edges
from stetho.report.charts import ChartData
from stetho.report.html.escape import packed


def payload(data: ChartData) -> dict[str, Any]:
    return {
        **data.plain,
        "schema": "stetho/page/1",
        "columns": {"first": data.columns.first_steps, "last": data.columns.last_steps},
        "followed": {
            one.measure.key: {
                "title": one.measure.title,
                "explanation": one.measure.explanation,
                "scale": one.measure.scale.value,
                "middle": one.measure.middle,
                "heatmap": one.measure.heatmap,
                "low": packed(one.low),
                "high": packed(one.high) if one.high is not None else None,
            }
            for one in data.followed
        },
        "edges": histogram_edges(),
        "histograms": [
            {"steps": one.steps, "telling": one.telling, "counts": packed(one.counts)}
            for one in data.histograms
        ],
    }

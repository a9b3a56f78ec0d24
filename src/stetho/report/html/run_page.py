"""Run and Diagnosis → the page of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stetho.record import Diagnosis, PredictedSite, Run, histogram_edges
from stetho.report import tree
from stetho.report.charts import ChartData, chart_data
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.escape import packed, plain
from stetho.report.html.frame import badge, frame, navigation, sections
from stetho.report.html.site_links import Places
from stetho.report.json_form import json_form
from stetho.report.run import build_page
from stetho.report.site_rows import site_rows

STATUS = {
    "learns": ("good", "learning"),
    "slow": ("warning", "learning slowly"),
    "stuck": ("fault", "not learning"),
    "diverged": ("fault", "diverged"),
    "too-short": ("note", "too short to judge"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What a run's page is made of."""

    report: tree.Report
    context: Context
    data: dict[str, Any]
    form: dict[str, Any]
    badge: str
    facts: str


def run_page(
    run: Run,
    diagnosis: Diagnosis,
    *,
    file: Path | None = None,
    predicted: Sequence[PredictedSite] = (),
    explanations: Mapping[str, str] | None = None,
    live: str | None = None,
) -> str:
    """The file's whole text.

    Args:
        explanations: what each rule looks at, by its name.
        live: where news of a run that goes on come from.
    """
    made = _pieces(run, diagnosis, file, predicted, explanations)
    return document.document(
        f"stetho: {run.command}" if run.command else "stetho",
        frame(made.report, made.context, made.badge, made.facts),
        made.data,
        scripts=document.RUN,
        form=made.form,
        live=live,
    )


def page_form(
    run: Run,
    diagnosis: Diagnosis,
    *,
    file: Path | None = None,
    explanations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The same page as pieces that take the place of older ones, for a run that goes on."""
    made = _pieces(run, diagnosis, file, (), explanations)
    return {
        "main": sections(made.report, made.context),
        "navigation": navigation(made.report),
        "status": made.badge,
        "facts": made.facts,
        "data": plain(made.data),
        "form": made.form,
        "finished": run.finished,
    }


def _pieces(
    run: Run,
    diagnosis: Diagnosis,
    file: Path | None,
    predicted: Sequence[PredictedSite],
    explanations: Mapping[str, str] | None,
) -> Pieces:
    places = Places({row.site.name: place for place, row in enumerate(site_rows(run))})
    return Pieces(
        report=build_page(run, diagnosis, file=file),
        context=Context(places, explanations or {}),
        data=payload(chart_data(run, diagnosis, predicted)),
        form=json_form(run, diagnosis),
        badge=status(run, diagnosis),
        facts=facts(run),
    )


def status(run: Run, diagnosis: Diagnosis) -> str:
    kind, word = STATUS.get(diagnosis.learning, ("note", ""))
    if not word:
        worst = diagnosis.worst
        kind = worst.word if worst is not None else "good"
        word = "check-up" if run.kind == "check" else "watched"
    return badge(kind, word)


def facts(run: Run) -> str:
    known = [run.created.replace("T", " ").removesuffix("+00:00"), run.device]
    known += [f"torch {run.versions['torch']}"] if "torch" in run.versions else []
    return " · ".join(part for part in known if part)


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

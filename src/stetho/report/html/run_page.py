"""Run and Diagnosis → the page of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from stetho.record import Diagnosis, PredictedSite, Run
from stetho.report.charts import chart_data
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.frame import badge, frame
from stetho.report.html.payload import payload
from stetho.report.html.site_links import Places
from stetho.report.json_form import json_form
from stetho.report.page_sections import build_page
from stetho.report.site_rows import site_rows

STATUS = {
    "learns": ("good", "learning"),
    "slow": ("warning", "learning slowly"),
    "stuck": ("fault", "not learning"),
    "diverged": ("fault", "diverged"),
    "too-short": ("note", "too short to judge"),
}


def run_page(
    run: Run,
    diagnosis: Diagnosis,
    *,
    file: Path | None = None,
    predicted: Sequence[PredictedSite] = (),
    explanations: Mapping[str, str] | None = None,
    live: str | None = None,
) -> str:
    """The file's whole text. `explanations`: what each rule looks at, by its name."""
    report = build_page(run, diagnosis, file=file)
    places = Places({row.site.name: place for place, row in enumerate(site_rows(run))})
    context = Context(places, explanations or {})
    return document.document(
        f"stetho: {run.command}" if run.command else "stetho",
        frame(report, context, status(run, diagnosis), facts(run)),
        payload(chart_data(run, diagnosis, predicted)),
        scripts=document.RUN,
        form=json_form(run, diagnosis),
        live=live,
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

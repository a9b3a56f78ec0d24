"""Run and Diagnosis → the page of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stetho.record import Diagnosis, PredictedSite, Run
from stetho.report import tree
from stetho.report.charts import chart_data
from stetho.report.html import document
from stetho.report.html.blocks import Context, block
from stetho.report.html.escape import text
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
NAVIGATION = {
    "findings": "Findings",
    "depth": "By depth",
    "heatmaps": "Site by step",
    "site": "One site",
    "distributions": "Distributions",
    "learning": "Learning",
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
        body(report, context, run, diagnosis),
        payload(chart_data(run, diagnosis, predicted)),
        scripts=document.RUN,
        form=json_form(run, diagnosis),
        live=live,
    )


def body(report: tree.Report, context: Context, run: Run, diagnosis: Diagnosis) -> str:
    links = "".join(
        f'<a href="#{one.key}">{NAVIGATION[one.key]}</a>'
        for one in report.sections
        if one.key in NAVIGATION
    )
    return (
        '<a class="skip" href="#verdict">To the verdict</a>'
        f"{header(report.title, status(run, diagnosis), facts(run))}"
        f'<nav aria-label="Sections">{links}</nav>'
        f"<main>{''.join(section(one, context) for one in report.sections)}</main>"
        '<footer class="quiet">stetho, a stethoscope for training. This file needs no network.'
        '</footer><div id="announcer" class="unseen" aria-live="polite"></div>'
    )


def header(title: str, badge: str, under: str) -> str:
    return (
        f'<header class="top"><h1><span class="brand">stetho</span> <code>{text(title)}</code></h1>'
        f'{badge}<span class="grow"></span><span class="quiet facts-line">{under}</span>'
        '<button type="button" id="save-json">Save as JSON</button>'
        '<button type="button" id="theme">Dark</button></header>'
    )


def status(run: Run, diagnosis: Diagnosis) -> str:
    kind, word = STATUS.get(diagnosis.learning, ("note", ""))
    if not word:
        worst = diagnosis.worst
        kind = worst.word if worst is not None else "good"
        word = {"check": "check-up"}.get(run.kind, "watched")
    return f'<span class="badge {kind}" id="status">{word}</span>'


def facts(run: Run) -> str:
    known: list[Any] = [run.created.replace("T", " ").removesuffix("+00:00"), run.device]
    known += [f"torch {run.versions['torch']}"] if "torch" in run.versions else []
    return text(" · ".join(part for part in known if part))


def section(one: tree.Section, context: Context) -> str:
    title = f'<h2 tabindex="-1">{text(one.title)}</h2>' if one.title else ""
    blocks = "".join(block(part, context) for part in one.blocks)
    return f'<section id="{one.key}" class="{one.key}">{title}{blocks}</section>'

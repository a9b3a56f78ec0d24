"""The claims' results ↔ the machine-readable form, schema `stetho/article/1`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from stetho.record import ArticleResult, ClaimResult, Measure, Verdict
from stetho.report.json_form import strict

SCHEMA = "stetho/article/1"


def article_json(result: ArticleResult) -> dict[str, Any]:
    """Pictures are left out: they are the page's."""
    plain: dict[str, Any] = strict(
        {
            "schema": SCHEMA,
            "quick": result.quick,
            "base_seed": result.base_seed,
            "created": result.created,
            "machine": result.machine,
            "seconds": result.seconds,
            "claims": [_claim(one) for one in result.claims],
        }
    )
    return plain


def _claim(one: ClaimResult) -> dict[str, Any]:
    form = asdict(one)
    del form["pictures"]
    measured = [{**asdict(m), "answer": m.answer.value if m.asked else None} for m in one.measures]
    del form["measures"]
    return {**form, "verdict": one.verdict.value, "measured": measured}


def article_of(form: dict[str, Any]) -> ArticleResult:
    """What `article_json` wrote, without its pictures."""
    return ArticleResult(
        claims=tuple(_claim_of(one) for one in form["claims"]),
        quick=form["quick"],
        base_seed=form["base_seed"],
        created=form["created"],
        machine=form["machine"],
        seconds=form["seconds"],
    )


def _claim_of(form: dict[str, Any]) -> ClaimResult:
    kept = {key: value for key, value in form.items() if key not in ("measured", "verdict")}
    kept["seeds"] = tuple(form["seeds"])
    return ClaimResult(
        **kept,
        verdict=Verdict(form["verdict"]),
        measures=tuple(_measure_of(one) for one in form["measured"]),
    )


def _measure_of(form: dict[str, Any]) -> Measure:
    kept = {key: value for key, value in form.items() if key != "answer"}
    numbers = {key: _number(kept[key]) for key in kept if key not in ("what", "unit")}
    return Measure(**{**kept, **numbers})


def _number(value: Any) -> float:
    """NaN is null in JSON, and infinity a word."""
    return math.nan if value is None else float(value)

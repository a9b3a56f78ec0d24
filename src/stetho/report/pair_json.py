"""Two runs → the machine-readable form of `stetho compare`, schema `stetho/compare/1`."""

from __future__ import annotations

from typing import Any

from stetho.report.json_form import strict
from stetho.report.pair_sections import pair_report, verdict
from stetho.report.pairs import Side, arriving, pairs
from stetho.report.site_rows import SiteRow, site_rows
from stetho.report.tree_text import sentences

SCHEMA = "stetho/compare/1"


def pair_json(a: Side, b: Side) -> dict[str, Any]:
    left, right = site_rows(a.run), site_rows(b.run)
    form = {
        "schema": SCHEMA,
        "verdict": verdict(a, b),
        "runs": {"a": _run(a), "b": _run(b)},
        "findings": {
            "only_a": [rule for rule in a.rules if rule not in b.rules],
            "only_b": [rule for rule in b.rules if rule not in a.rules],
            "both": [rule for rule in a.rules if rule in b.rules],
        },
        "sites": [
            {"a": _site(pair.a, left), "b": _site(pair.b, right)} for pair in pairs(a.run, b.run)
        ],
        "report": sentences(pair_report(a, b)),
    }
    plain: dict[str, Any] = strict(form)
    return plain


def _run(side: Side) -> dict[str, Any]:
    return {
        "file": str(side.file) if side.file is not None else None,
        "command": side.run.command,
        "created": side.run.created,
        "learning": side.diagnosis.learning,
        "verdict": side.diagnosis.verdict,
        "worst": side.diagnosis.worst.word if side.diagnosis.worst is not None else None,
        "loss": {"first": side.first_loss, "last": side.last_loss, "steps": side.steps},
        "gradient_arrives": side.arrives,
    }


def _site(row: SiteRow | None, rows: tuple[SiteRow, ...]) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "name": row.site.name,
        "function": row.site.function.name,
        "gradient_arrives": arriving(rows, row),
        "grad_rms": row.stats.down_rms,
        "slope_factor": row.slope_factor,
        "weight_factor": row.weight_factor,
        "saturated": row.saturated,
        "dead": row.dead,
        "z_mean": row.stats.z_mean,
        "z_std": row.stats.z_std,
    }

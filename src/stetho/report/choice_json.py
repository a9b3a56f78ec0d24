"""A choice → the machine-readable form of `stetho choose`, schema `stetho/choose/1`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from stetho.record import CandidateResult, Choice
from stetho.report.choice_sections import choice_report, recipe, standing
from stetho.report.json_form import strict
from stetho.report.tree_text import sentences

SCHEMA = "stetho/choose/1"


def choice_json(choice: Choice, *, file: Path | None = None) -> dict[str, Any]:
    form = {
        "schema": SCHEMA,
        "winner": choice.winner,
        "tie": choice.tie,
        "tied": choice.tied,
        "score": choice.score,
        "lower_is_better": choice.lower_is_better,
        "diverged_score": choice.diverged_score,
        "incumbent": choice.incumbent,
        "verdict": choice.verdict,
        "candidates": [_candidate(choice, row) for row in choice.candidates],
        "compute": {
            "steps": choice.steps,
            "full_grid_steps": choice.full_grid_steps,
            "seconds": choice.seconds,
        },
        "advice": choice.advice,
        "notes": choice.notes,
        "paired_gain": choice.paired_gain,
        "complete": choice.complete,
        "command": choice.command,
        "created": choice.created,
        "versions": choice.versions,
        "file": str(file) if file is not None else None,
        "report": sentences(choice_report(choice, file=file)),
    }
    plain: dict[str, Any] = strict(form)
    return plain


def _candidate(choice: Choice, row: CandidateResult) -> dict[str, Any]:
    return {**asdict(row), "recipe": recipe(row), "standing": standing(choice, row)}

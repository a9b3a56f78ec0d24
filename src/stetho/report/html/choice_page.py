"""Choice → the page of a race."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stetho.record import Choice
from stetho.report.choice import choice_json, choice_page_report
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.document import NOTHING
from stetho.report.html.frame import badge, frame
from stetho.report.html.site_links import Places

SCRIPTS = (*document.BASE, "choice.js")


def choice_page(choice: Choice, file: Path | None = None) -> str:
    """`file`: the race file, if one was kept."""
    shown = (
        badge("warning", "cut short")
        if not choice.complete
        else badge("note", "tie")
        if choice.tie
        else badge("good", choice.winner)
    )
    return document.document(
        f"stetho choose: {choice.command}",
        frame(choice_page_report(choice, file=file), Context(Places({})), shown, _facts(choice)),
        {**NOTHING, "choice": _data(choice)},
        scripts=SCRIPTS,
        form=choice_json(choice, file=file),
    )


def _facts(choice: Choice) -> str:
    return choice.created.replace("T", " ").removesuffix("+00:00")


def _data(choice: Choice) -> dict[str, Any]:
    return {
        "score": choice.score,
        "lower_is_better": choice.lower_is_better,
        "winner": choice.winner,
        "tied": choice.tied,
        "candidates": [
            {
                "name": row.name,
                "status": row.status,
                "incumbent": row.incumbent,
                "chosen": row.name == choice.winner,
                "score": row.score,
                "difference": row.difference,
                "interval": row.interval,
                "p": row.p,
                "pairs": row.pairs,
                "steps": row.steps,
                "step_cost": row.step_cost,
                "curve": row.curve,
            }
            for row in choice.candidates
        ],
    }

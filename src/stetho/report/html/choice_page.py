"""Choice → the page of a race."""

from __future__ import annotations

from typing import Any

from stetho.record import Choice
from stetho.report.choice_sections import choice_report
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.frame import badge, frame
from stetho.report.html.plain_page import NOTHING
from stetho.report.html.site_links import Places

SCRIPTS = (*document.BASE, "choice.js")


def choice_page(choice: Choice, form: Any = None) -> str:
    """`form`: the JSON form, for the page's "Save as JSON"."""
    shown = (
        badge("warning", "cut short")
        if not choice.complete
        else badge("note", "tie")
        if choice.tie
        else badge("good", choice.winner)
    )
    return document.document(
        f"stetho choose: {choice.command}",
        frame(choice_report(choice), Context(Places({})), shown, _facts(choice)),
        {**NOTHING, "choice": _data(choice)},
        scripts=SCRIPTS,
        form=form if form is not None else _data(choice),
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
                "name": f"{row.name}, lr ×{row.lr:g}" if row.lr != 1 else row.name,
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

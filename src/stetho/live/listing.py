"""The runs of a folder → the page that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from stetho.live.runs import Listed
from stetho.report.html import document, frame
from stetho.report.html.document import NOTHING
from stetho.report.html.escape import text
from stetho.report.html.run_page import status
from stetho.store.race_file import KIND

SCRIPTS = (*document.BASE, "list.js")


def listing(place: str, runs: Sequence[Listed], live: str) -> str:
    return document.document(
        f"stetho: runs in {place}",
        frame.around(f"runs in {place}", f'<section id="runs">{table(runs)}</section>'),
        NOTHING,
        scripts=SCRIPTS,
        live=live,
    )


def table(runs: Sequence[Listed]) -> str:
    if not runs:
        return "<p>No run file yet. <code>stetho run train.py</code> writes one.</p>"
    rows = "".join(_row(one) for one in runs)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table class="sites">'
        '<thead><tr><th scope="col">run</th><th scope="col">state</th><th scope="col">command</th>'
        '<th scope="col">begun</th><th scope="col">A</th><th scope="col">B</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        '<p><button type="button" id="compare" disabled>Compare A and B</button></p>'
    )


def _row(one: Listed) -> str:
    name = text(one.name)
    if one.run is None:
        return f'<tr><th scope="row">{name}</th><td colspan="5">{text(one.why)}</td></tr>'
    link = f'<a href="/run/{quote(one.name)}">{name}</a>'
    picks = "".join(
        f'<td><input type="radio" name="{side}" value="{name}" aria-label="{side}: {name}"></td>'
        for side in "AB"
    )
    begun = one.run.created.replace("T", " ").removesuffix("+00:00")
    return (
        f'<tr><th scope="row">{link}</th><td>{_state(one)}</td>'
        f"<td><code>{text(one.run.command)}</code></td><td>{text(begun)}</td>{picks}</tr>"
    )


def _state(one: Listed) -> str:
    if one.run is not None and one.run.kind == KIND:
        return frame.badge("note", "race")
    if one.run is not None and one.diagnosis is not None:
        return status(one.run, one.diagnosis)
    return frame.badge("note", "no end yet")

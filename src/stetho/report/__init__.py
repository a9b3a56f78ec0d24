"""Run and Diagnosis → a report: neutral sections, then terminal, HTML or JSON. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from stetho.record import ArticleResult, Choice, Diagnosis, Predicted, PredictedSite, Run
from stetho.report import tree
from stetho.report.article import article_json, article_of
from stetho.report.choice import choice_json
from stetho.report.json_form import json_form
from stetho.report.pair import Side, pair_json
from stetho.report.run import build

__all__ = [
    "Side",
    "article_html",
    "article_json",
    "article_of",
    "article_text",
    "build",
    "choice_html",
    "choice_json",
    "choice_panel",
    "choice_text",
    "html_text",
    "json_form",
    "pair_html",
    "pair_json",
    "pair_panel",
    "panel",
    "predicted_html",
    "predicted_panel",
    "print_article",
    "print_choice",
    "print_pair",
    "print_report",
    "report_html",
    "terminal_text",
]


def terminal_text(
    run: Run,
    diagnosis: Diagnosis,
    *,
    width: int = 80,
    color: bool = False,
    file: Path | None = None,
    all_sites: bool = False,
) -> str:
    """The report as lines of at most `width` characters; `file` is the run file to name in it."""
    from stetho.report import terminal  # rich takes time to load

    return terminal.render(build(run, diagnosis, file=file, all_sites=all_sites), width, color)


def print_report(
    run: Run,
    diagnosis: Diagnosis,
    *,
    stream: TextIO | None = None,
    file: Path | None = None,
    all_sites: bool = False,
) -> None:
    """Print the report to `stream` (standard output), in the width and the colours it can take."""
    from stetho.report import terminal

    terminal.show(build(run, diagnosis, file=file, all_sites=all_sites), stream)


def html_text(
    run: Run,
    diagnosis: Diagnosis,
    *,
    file: Path | None = None,
    predicted: Sequence[PredictedSite] = (),
    explanations: Mapping[str, str] | None = None,
    live: str | None = None,
) -> str:
    """One self-contained HTML file. `explanations`: what each rule looks at, by its name."""
    from stetho.report.html import run_page

    return run_page(
        run, diagnosis, file=file, predicted=predicted, explanations=explanations, live=live
    )


def predicted_html(predictions: Mapping[str, Predicted], form: Any = None) -> str:
    """One HTML file on what theory says, by the function at every site ("": the model's own)."""
    from stetho.report.html import predicted_page

    return predicted_page(predictions, form)


def print_pair(a: Side, b: Side, stream: TextIO | None = None) -> None:
    """Print two runs side by side, in the width and the colours that `stream` can take."""
    from stetho.report import terminal
    from stetho.report.pair import pair_report

    terminal.show(pair_report(a, b), stream)


def pair_html(a: Side, b: Side) -> str:
    """Two runs side by side as one HTML file."""
    from stetho.report.html import pair_page

    return pair_page(a, b)


def choice_html(choice: Choice, *, file: Path | None = None) -> str:
    """A race as one HTML file; `file` is the race file, if one was kept."""
    from stetho.report.html import choice_page

    return choice_page(choice, file)


def report_html(report: tree.Report, form: Any = None) -> str:
    """Any report without charts as one HTML file; `form` is what "Save as JSON" saves."""
    from stetho.report.html import plain_page

    return plain_page(report, form)


def panel(run: Run, diagnosis: Diagnosis) -> str:
    """The key panels for a notebook: verdict, answers, gradient by depth, loss. No scripts."""
    from stetho.report.html import notebook

    return notebook.run_panel(run, diagnosis)


def pair_panel(a: Side, b: Side) -> str:
    """Two runs side by side for a notebook."""
    from stetho.report.html import notebook
    from stetho.report.pair import pair_report

    return notebook.report_panel(pair_report(a, b))


def choice_panel(choice: Choice, *, file: Path | None = None) -> str:
    """A race for a notebook."""
    from stetho.report.choice import choice_report
    from stetho.report.html import notebook

    return notebook.report_panel(choice_report(choice, file=file))


def predicted_panel(predicted: Predicted) -> str:
    """A prediction for a notebook."""
    from stetho.report.html import notebook

    return notebook.predicted_panel(predicted)


def choice_text(
    choice: Choice, *, width: int = 80, color: bool = False, file: Path | None = None
) -> str:
    """What `stetho choose` says, as lines of at most `width` characters."""
    from stetho.report import terminal
    from stetho.report.choice import choice_report

    return terminal.render(choice_report(choice, file=file), width, color)


def print_choice(choice: Choice, stream: TextIO | None = None, *, file: Path | None = None) -> None:
    """Print it, in the width and the colours that `stream` can take."""
    from stetho.report import terminal
    from stetho.report.choice import choice_report

    terminal.show(choice_report(choice, file=file), stream)


def article_text(result: ArticleResult, *, width: int = 80, color: bool = False) -> str:
    """What `stetho article` says, as lines of at most `width` characters."""
    from stetho.report import terminal
    from stetho.report.article import article_report

    return terminal.render(article_report(result), width, color)


def print_article(result: ArticleResult, stream: TextIO | None = None) -> None:
    """Print it, in the width and the colours that `stream` can take."""
    from stetho.report import terminal
    from stetho.report.article import article_report

    terminal.show(article_report(result), stream)


def article_html(result: ArticleResult) -> str:
    """The claims as one illustrated HTML file."""
    from stetho.report.html import article_page

    return article_page(result)

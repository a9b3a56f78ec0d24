"""Run and Diagnosis → a report: neutral sections, then terminal text or JSON. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from stetho.record import Diagnosis, Run
from stetho.report.json_form import json_form
from stetho.report.sections import build

__all__ = ["build", "json_form", "print_report", "terminal_text"]


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

"""A run and its diagnosis → what a caller gets: text, JSON, a page."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from stetho.record import Diagnosis, Run

if TYPE_CHECKING:
    from stetho.prediction.compare import Comparison
    from stetho.report import Side


@dataclass(frozen=True)
class Result:
    """What was measured and what it means. Prints as the terminal report."""

    run: Run
    diagnosis: Diagnosis
    file: Path | None = None  # the run file, where one was kept
    exit_code: int = 0  # of the script
    comparison: Comparison | None = None  # of a check-up with theory

    def text(self, width: int = 80, color: bool = False) -> str:
        from stetho.report import terminal_text

        text = terminal_text(self.run, self.diagnosis, width=width, color=color, file=self.file)
        return text if self.comparison is None else f"{text.rstrip()}\n\n{self.comparison}\n"

    def json(self) -> dict[str, Any]:
        from stetho.report import json_form

        form = json_form(self.run, self.diagnosis)
        if self.comparison is not None:
            form["theory"] = self.comparison.json()
        return form

    def html(self, live: str | None = None) -> str:
        """The report as one self-contained HTML file; `live`: where `stetho view` sends news."""
        from stetho.diagnose import explanations
        from stetho.report import html_text

        predicted = self.comparison.predicted if self.comparison is not None else ()
        return html_text(
            self.run,
            self.diagnosis,
            file=self.file,
            predicted=predicted,
            explanations=explanations(),
            live=live,
        )

    def page_form(self) -> dict[str, Any]:
        """The pieces of that page, to replace older ones while the training goes on."""
        from stetho.diagnose import explanations
        from stetho.report.html import page_form

        return page_form(self.run, self.diagnosis, file=self.file, explanations=explanations())

    def _repr_html_(self) -> str:
        from stetho.report import panel

        return panel(self.run, self.diagnosis)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__


@dataclass(frozen=True)
class RunPair:
    """Two runs side by side. Prints as the terminal's text."""

    a: Result
    b: Result

    def _sides(self) -> tuple[Side, Side]:
        from stetho.report import Side

        a, b = self.a, self.b
        return Side("A", a.run, a.diagnosis, a.file), Side("B", b.run, b.diagnosis, b.file)

    def show(self, stream: TextIO | None = None) -> None:
        from stetho.report import print_pair

        print_pair(*self._sides(), stream)

    def json(self) -> dict[str, Any]:
        from stetho.report import pair_json

        return pair_json(*self._sides())

    def html(self) -> str:
        from stetho.report import pair_html

        return pair_html(*self._sides())

    def _repr_html_(self) -> str:
        from stetho.report import pair_panel

        return pair_panel(*self._sides())

    def __str__(self) -> str:
        stream = io.StringIO()
        self.show(stream)
        return stream.getvalue()

    __repr__ = __str__

"""How far a long job has come → a bar with the time left on a terminal, else lines, on stderr."""

from __future__ import annotations

import sys
from typing import Any

LONGEST = 160  # characters of a line


class ProgressBar:
    """One phase after the other, each with its number of parts."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def start(self) -> None:
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def phase(self, title: str, parts: int) -> None:
        """A new phase; the one before it has ended."""
        if self._bar is None:
            print(title, file=sys.stderr, flush=True)
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(title, total=parts)

    def advance(self) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)

    def tell(self, text: str) -> None:
        """A line that stays, above the bar."""
        if self._bar is not None:
            self._bar.console.print(text[:LONGEST], markup=False, highlight=False)
        else:
            print(text[:LONGEST], file=sys.stderr, flush=True)

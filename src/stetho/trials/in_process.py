"""Trials → outcomes, one after the other in this process: for programs, and to debug."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from stetho.trials.engine import AbstractEngine, Errand
from stetho.trials.trial import Outcome, Scouting, Trial


class InProcess(AbstractEngine):
    """No process is made; a script that kills its process kills the race."""

    def __init__(self, train: Callable[[], Any] | None = None) -> None:
        self._train = train  # in place of a script

    def scout(self, errand: Errand) -> Scouting:
        from stetho.trials.worker import scout

        return scout(errand.trial, errand.candidates, errand.replace, errand.patterns, self._train)

    def prepare(self, modules: Sequence[str]) -> None:
        """They are loaded by now: the scout ran here."""

    def run(
        self, trials: Sequence[Trial], seconds: float | None = None
    ) -> Iterator[tuple[Trial, Outcome]]:
        from stetho.trials.worker import run_trial

        for trial in trials:
            yield trial, run_trial(trial, self._train)

    def close(self) -> None:
        """Nothing is left."""

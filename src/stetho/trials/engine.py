"""Trials → outcomes, as they come: the contract of all engines, and the one in this process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any

from stetho.trials import trial as forms
from stetho.trials.containment.contained import contained
from stetho.trials.containment.scratch import Scratch, remove
from stetho.trials.stage import TrialOver
from stetho.trials.trial import Answer, Outcome, Scouting, Trial, refused

PATIENCE = 10.0  # seconds beyond its limit after which a trial that takes no step is ended


@dataclass(frozen=True, slots=True)
class Errand:
    """What a scout has to find out."""

    trial: Trial
    candidates: tuple[str, ...]
    replace: str | None = None
    patterns: tuple[str, ...] = ()


class AbstractEngine(ABC):
    """Runs trials somewhere. The same trial has the same outcome on each engine.

    An engine is a context manager: leaving it ends whatever still runs.
    """

    workers: int = 1  # trials that run at one time

    @abstractmethod
    def scout(self, errand: Errand) -> Scouting:
        """Look at the unchanged script."""

    @abstractmethod
    def run(
        self, trials: Sequence[Trial], seconds: float | None = None
    ) -> Iterator[tuple[Trial, Outcome]]:
        """Run trials, each in a state as if it were the first; outcomes in the order of their end.

        A trial that fails, however it does, has an outcome that says so. After so many `seconds`
        all that still runs is ended, and what has not ended by itself has no outcome.
        """

    @abstractmethod
    def prepare(self, scouting: Scouting) -> None:
        """Get ready for the trials of a script, as a look at it has shown it to be."""

    @abstractmethod
    def close(self) -> None:
        """End everything that still runs; a second call does nothing."""

    def __enter__(self) -> AbstractEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class InProcess(AbstractEngine):
    """No process is made; a script that kills its process kills the race.

    What a trial writes is redirected, and what cannot be redirected is refused.
    """

    def __init__(self, train: Callable[[], Any] | None = None) -> None:
        self._train = train  # in place of a script
        self._scratch: Scratch | None = None

    def scout(self, errand: Errand) -> Scouting:
        from stetho.trials.worker import scout

        candidates, train = errand.candidates, self._train
        return self._contained(
            errand.trial,
            None,
            lambda: scout(errand.trial, candidates, errand.replace, errand.patterns, train),
        )

    def prepare(self, scouting: Scouting) -> None:
        """Its libraries are loaded by now: the scout ran here."""

    def run(
        self, trials: Sequence[Trial], seconds: float | None = None
    ) -> Iterator[tuple[Trial, Outcome]]:
        from stetho.trials.worker import run_trial

        until = None if seconds is None else time.monotonic() + seconds
        for trial in trials:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            outcome = self._contained(trial, left, partial(run_trial, trial, self._train))
            if until is not None and time.monotonic() > until and not outcome.done:
                return
            yield trial, outcome

    def close(self) -> None:
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None

    def _contained(self, trial: Trial, left: float | None, act: Callable[[], Answer]) -> Answer:
        self._scratch = self._scratch or Scratch()
        home = Path(mkdtemp(prefix="trial", dir=self._scratch.path))
        folder = trial.script.folder or os.getcwd()
        limits = [s for s in (left, trial.seconds and trial.seconds + PATIENCE) if s is not None]
        try:
            with contained(home, folder) as watch, no_input():
                with _alarm(min(limits, default=None)):
                    answer = act()
        finally:
            remove(home)
        return refused(answer, watch.refusal)


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """End what hangs meanwhile, as far as Python can: not a loop in another language."""
    main = threading.current_thread() is threading.main_thread()
    if seconds is None or not main or not hasattr(signal, "setitimer"):
        yield
        return

    def end(*_: object) -> None:
        raise TrialOver(forms.TIMED_OUT, "it stopped taking steps")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def no_input() -> Iterator[None]:
    """There is nobody who would answer a question."""
    before = sys.stdin
    with open(os.devnull) as sys.stdin:
        try:
            yield
        finally:
            sys.stdin = before

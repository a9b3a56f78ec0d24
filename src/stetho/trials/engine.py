"""Trials → outcomes, as they come: the contract of all engines, and the one in this process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from stetho.trials.trial import Outcome, Scouting, Trial

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

"""What the recorder needs of its neighbours: a writer, other ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from stetho.record import (
    Criterion,
    Layer,
    NonFiniteOrigin,
    Optimizer,
    Parameter,
    Probe,
    Site,
    Spike,
)
from stetho.summarise.parts import ProbeParts


class Writer(Protocol):
    """Where the statistics go: `stetho.store.RunWriter`."""

    def add_sites(self, sites: Iterable[Site]) -> None: ...
    def add_layers(self, layers: Iterable[Layer]) -> None: ...
    def add_parameters(self, parameters: Iterable[Parameter]) -> None: ...
    def add_optimizers(self, optimizers: Iterable[Optimizer]) -> None: ...
    def add_criteria(self, criteria: Iterable[Criterion]) -> None: ...
    def add_probe(self, probe: Probe) -> None: ...
    def add_losses(self, steps: Sequence[int], losses: Sequence[float]) -> None: ...
    def set_origin(self, origin: NonFiniteOrigin) -> None: ...
    def add_spike(self, spike: Spike) -> None: ...
    def note_unseen(self, sentence: str) -> None: ...
    def note_fault(self, traceback: str) -> None: ...


class Ranks(Protocol):
    """Joins what the ranks of a distributed run measured: `stetho.summarise.exchange`."""

    def probe(self, own: ProbeParts, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        """Take in a probe of this rank; gives those that are whole by now."""

    def losses(
        self, steps: Sequence[int], losses: Sequence[float], last: bool
    ) -> tuple[list[int], list[float]]:
        """Take in losses of this rank; gives those that are whole by now."""

    def rest(self, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        """At the end of the run: what is still to come."""

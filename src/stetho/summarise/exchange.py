"""Probes and losses of one rank ↔ those of the others on this machine, through a folder of files.

The *leader* (the rank whose report is read) takes what the others have left there, one probe
later: by then they have gone through a step that no rank can end alone. Nothing is sent over the
script's own process group, whose communication stays what it was.
"""

from __future__ import annotations

import os
import shutil
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from stetho.summarise.parts import ProbeParts, pack, together, unpack

PATIENCE = 10.0  # seconds that the leader waits, at the end, for others that still run
LOSS = struct.Struct("<qd")  # step, loss


class Follower:
    """A rank that hands over what it measures. Its own run file keeps its own numbers."""

    def __init__(self, folder: Path, place: int) -> None:
        self._folder = folder
        self._place = place

    def probe(self, own: ProbeParts, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        hidden = self._folder / f".{own.step}.{self._place}"
        _write(hidden, pack(own))
        _move(hidden, self._folder / f"{own.step}.{self._place}")
        return [own]

    def losses(
        self, steps: Sequence[int], losses: Sequence[float], last: bool
    ) -> tuple[list[int], list[float]]:
        rows = b"".join(LOSS.pack(*pair) for pair in zip(steps, losses))
        _write(self._folder / f"losses.{self._place}", rows, "ab")
        return list(steps), list(losses)

    def rest(self, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        _write(self._folder / f"done.{self._place}", b"")
        return []


class Leader:
    """The rank that joins what all have measured."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._others = range(1, size)
        self._waiting: ProbeParts | None = None
        self._losses: dict[int, list[float]] = {}
        self._read = dict.fromkeys(self._others, 0)  # bytes of the others' losses

    def probe(self, own: ProbeParts, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        before, self._waiting = self._waiting, unpack(pack(own))
        return [] if before is None else [self._joined(before, say)]

    def _joined(self, own: ProbeParts, say: Callable[[str], None]) -> ProbeParts:
        parts = [own]
        for place in self._others:
            file = self._folder / f"{own.step}.{place}"
            if file.exists():
                parts.append(unpack(file.read_bytes()))
                file.unlink()
            else:
                say(f"rank {place} of this machine gave no numbers for some steps: left out there")
        return together(parts, say)

    def losses(
        self, steps: Sequence[int], losses: Sequence[float], last: bool
    ) -> tuple[list[int], list[float]]:
        """The mean over the ranks of each step that all have told."""
        if last:
            self._wait()
        self._take(zip(steps, losses))
        for place in self._others:
            self._take(self._told(place))
        told = sorted(self._losses)
        whole = [step for step in told if last or len(self._losses[step]) > len(self._others)]
        means = []
        for step in whole:
            of_ranks = self._losses.pop(step)
            means.append(sum(of_ranks) / len(of_ranks))
        return whole, means

    def _take(self, pairs: Iterable[tuple[int, float]]) -> None:
        for step, loss in pairs:
            self._losses.setdefault(step, []).append(loss)

    def _told(self, place: int) -> Iterable[tuple[int, float]]:
        file = self._folder / f"losses.{place}"
        if not file.exists():
            return []
        with file.open("rb") as stream:
            stream.seek(self._read[place])
            content = stream.read()
        content = content[: len(content) // LOSS.size * LOSS.size]
        self._read[place] += len(content)
        return [(int(step), float(loss)) for step, loss in LOSS.iter_unpack(content)]

    def _wait(self) -> None:
        """Until all others have come to their end."""
        until = time.monotonic() + PATIENCE
        for place in self._others:
            while not (self._folder / f"done.{place}").exists() and time.monotonic() < until:
                time.sleep(0.02)

    def rest(self, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        whole = [] if self._waiting is None else [self._joined(self._waiting, say)]
        self._waiting = None
        shutil.rmtree(self._folder, ignore_errors=True)
        return whole


def _write(file: Path, content: bytes, mode: str = "wb") -> None:
    try:
        with file.open(mode) as stream:
            stream.write(content)
    except FileNotFoundError:
        pass  # the leader has ended, and has cleared the folder away


def _move(file: Path, to: Path) -> None:
    try:
        os.replace(file, to)
    except FileNotFoundError:
        pass

"""Statistics of a run, as they come → a run file. Every call is one transaction."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from stetho.errors import RunFileError
from stetho.record import (
    Criterion,
    Diagnosis,
    Layer,
    LayerStats,
    NonFiniteOrigin,
    Optimizer,
    Overhead,
    Parameter,
    ParameterStats,
    Probe,
    Run,
    Site,
    SiteStats,
    Spike,
)
from stetho.store import blocks, schema, thin, values
from stetho.store.connections import BUSY_SECONDS, copy_rows, in_memory, leave_one_file, transaction
from stetho.store.place import make_room
from stetho.store.reader import read_run, run_of

Named = TypeVar("Named", Site, Layer, Parameter)
HEADER = (
    "command",
    "kind",
    "created",
    "versions",
    "device",
    "finished",
    "exit_code",
    "overhead",
    "first_nonfinite_loss",
    "origin",
    "spikes",
)


class RunWriter:
    """Writes one run file; readers may look at it meanwhile.

    The file is made at once: a path that cannot be written raises `RunFileError` here. A write
    that fails later (full disk) is reported once, to `on_error` or else as a `RunFileError`; from
    then on the run is kept in memory, from where `finish` puts it into the file if there is room
    again. With `needed` false, a file that cannot even be made is treated in the same way. In a
    forked child of the process that made it, a writer does nothing.

    A run file that already stands at `path` is replaced; any other file is refused.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        run_header: Run,
        on_error: Callable[[RunFileError], None] | None = None,
        *,
        loss_limit: int = schema.LOSS_LIMIT,
        needed: bool = True,
    ) -> None:
        self.path = Path(path)
        self._on_error = on_error
        self._loss_limit = loss_limit
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._told = False  # whether a failure has been reported
        self._failed: sqlite3.Connection | None = None  # the file, where memory stands in for it
        self._layouts: dict[tuple[str, ...], int] = {}
        self._structure: dict[str, tuple[Any, ...]] = {}
        self._counts = {"loss": 0, "probe": 0}
        self._first_nonfinite_loss = run_header.first_nonfinite_loss
        self._header = run_header
        self._versions = dict(run_header.versions)
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = _create(self.path, run_header)
        except RunFileError as error:
            if needed or on_error is None:
                raise
            self._tell(RunFileError(f"{error}. This report is all that is kept of the run"))
            self._connection = in_memory()
            transaction(self._connection, lambda file: _write_header(file, run_header))

    def set_version(self, name: str, version: str) -> None:
        """Note the version of a library (torch, once it is imported)."""
        self._versions[name] = version
        self._write(lambda file: _put(file, "versions", self._versions))

    def set_device(self, device: str) -> None:
        self._write(lambda file: _put(file, "device", device))

    def set_overhead(self, overhead: Overhead) -> None:
        """The cost so far, for a run that may be killed before `finish`."""
        self._write(lambda file: _put(file, "overhead", overhead))

    def add_sites(self, sites: Iterable[Site]) -> None:
        """New or changed sites, or all known by now: merged by name, kept in call order."""
        self._merge("sites", sites, lambda site: site.index)

    def add_layers(self, layers: Iterable[Layer]) -> None:
        """As `add_sites`."""
        self._merge("layers", layers, lambda layer: layer.index)

    def add_parameters(self, parameters: Iterable[Parameter]) -> None:
        """Merged by name, in the order in which they came."""
        self._merge("parameters", parameters, lambda _: 0)

    def add_optimizers(self, optimizers: Iterable[Optimizer]) -> None:
        """All optimizers known by now: they have no names, so the list replaces the former."""
        self._replace("optimizers", tuple(optimizers))

    def add_criteria(self, criteria: Iterable[Criterion]) -> None:
        """All loss functions known by now; the list replaces the former."""
        self._replace("criteria", tuple(criteria))

    def add_probe(self, probe: Probe) -> None:
        self._write(lambda file: self._insert_probe(file, probe))

    def add_losses(self, steps: Sequence[int], losses: Sequence[float]) -> None:
        """A chunk of losses, steps ascending. Call it with many at a time."""
        if not steps:
            return
        first = self._first_nonfinite_loss
        if first is None:
            pairs = zip(steps, losses, strict=True)
            first = next((step for step, loss in pairs if not math.isfinite(loss)), None)
        if self._write(lambda file: self._insert_losses(file, steps, losses, first)):
            self._first_nonfinite_loss = first

    def set_origin(self, origin: NonFiniteOrigin) -> None:
        """Where the first NaN or infinity arose."""
        self._write(lambda file: _put(file, "origin", origin))

    def add_spike(self, spike: Spike) -> None:
        """A step whose loss or gradient jumped. Few of a run: all are written each time."""
        self._replace("spikes", (*self._structure.get("spikes", ()), spike))

    def note_unseen(self, sentence: str) -> None:
        """Something that could not be watched; the same sentence is kept once."""
        self._write(lambda file: _note(file, "unseen", sentence))

    def note_fault(self, traceback: str) -> None:
        """A fault of our own; the same traceback is kept once."""
        self._write(lambda file: _note(file, "fault", traceback))

    def add_diagnosis(self, diagnosis: Diagnosis) -> None:
        """What was said of the run, so that `stetho report` says the same. After `finish` too."""
        self._write(lambda file: _put(file, "diagnosis", diagnosis))

    def finish(self, exit_code: int | None, overhead: Overhead) -> None:
        """The script came to its end: fold the write-ahead log in and leave one single file."""
        self._write(lambda file: self._finish(file, exit_code, overhead))
        with self._lock:
            if not self._usable() or self._connection is None:
                return
            memory = self._connection
            if self._failed is not None:
                with suppress(sqlite3.Error):  # there may be room again
                    transaction(self._failed, lambda file: copy_rows(memory, file))
                    leave_one_file(self._failed)
            elif self.path.exists():
                leave_one_file(self._connection)

    def read(self) -> Run:
        """All that was written so far, even if the file has been removed meanwhile."""
        with self._lock:
            if self._connection is None:
                return read_run(self.path)
            try:
                return run_of(self._connection)
            except sqlite3.Error as error:
                raise RunFileError(f"cannot read run file {self.path} again: {error}") from error

    def close(self) -> None:
        """Let go of the file. Without `finish` before, it reads as a run that did not end."""
        with self._lock:
            if self._usable():
                for connection in (self._connection, self._failed):
                    if connection is not None:
                        connection.close()
                self._connection = self._failed = None

    # ------------------------------------------------------------------ one transaction

    def _usable(self) -> bool:
        return self._connection is not None and os.getpid() == self._process

    def _write(self, action: Callable[[sqlite3.Connection], None]) -> bool:
        """Run `action` as one transaction; whether it was kept."""
        with self._lock:
            if not self._usable() or self._connection is None:
                return False
            try:
                transaction(self._connection, action)
            except (sqlite3.Error, OSError) as error:
                if self._failed is not None:
                    return False  # memory fails as well
                self._go_on_in_memory(self._connection, error)
                return self._write(action)
            return True

    def _go_on_in_memory(self, file: sqlite3.Connection, error: Exception) -> None:
        """The file takes nothing more: what it holds is copied. Tells of it once."""
        self._tell(
            RunFileError(
                f"cannot write to run file {self.path}: {error}. What was written before is kept "
                "there, what came later is in this report alone; free some space or choose "
                "another place for the run file"
            )
        )
        memory = in_memory()
        try:
            transaction(memory, lambda target: copy_rows(file, target))
        except sqlite3.Error:  # it cannot even be read any more (no room for its log's index)
            transaction(memory, self._write_what_is_known)
        self._connection, self._failed = memory, file

    def _write_what_is_known(self, file: sqlite3.Connection) -> None:
        _write_header(file, self._header)
        _put(file, "versions", self._versions)
        for key, items in self._structure.items():
            _put(file, key, items)

    def _tell(self, report: RunFileError) -> None:
        self._layouts.clear()  # ids that were taken back
        if self._told:
            return
        self._told = True
        if self._on_error is None:
            raise report
        self._on_error(report)

    # ------------------------------------------------------------------ what is written

    def _merge(self, key: str, news: Iterable[Named], key_of: Callable[[Named], int]) -> None:
        merged: dict[str, Named] = {item.name: item for item in self._structure.get(key, ())}
        merged.update((item.name, item) for item in news)
        self._replace(key, tuple(sorted(merged.values(), key=key_of)))

    def _replace(self, key: str, items: tuple[Any, ...]) -> None:
        if items == self._structure.get(key, ()):
            return
        if self._write(lambda file: _put(file, key, items)):
            self._structure[key] = items

    def _insert_probe(self, file: sqlite3.Connection, probe: Probe) -> None:
        row = (
            probe.step,
            probe.time,
            probe.loss,
            probe.baseline,
            blocks.pack_numbers(probe.lr),
            self._layout(file, SiteStats, probe.sites),
            blocks.pack_stats(probe.sites, SiteStats),
            blocks.pack_histograms([site.histogram for site in probe.sites.values()]),
            self._layout(file, LayerStats, probe.layers),
            blocks.pack_stats(probe.layers, LayerStats),
            self._layout(file, ParameterStats, probe.parameters),
            blocks.pack_stats(probe.parameters, ParameterStats),
        )
        file.execute(f"INSERT INTO probe VALUES (NULL{', ?' * len(row)})", row)
        count = self._counts["probe"] + 1
        if count > schema.probe_limit(len(probe.sites)):
            count -= _thin_probes(file)
        self._counts["probe"] = count

    def _layout(self, file: sqlite3.Connection, kind: type, stats: Mapping[str, Any]) -> int:
        key = (kind.__name__, *stats)
        if key not in self._layouts:
            names, columns = values.encode(list(stats)), values.encode(blocks.FIELDS[kind])
            cursor = file.execute("INSERT INTO layout VALUES (NULL, ?, ?)", (names, columns))
            self._layouts[key] = int(cursor.lastrowid or 0)
        return self._layouts[key]

    def _insert_losses(
        self,
        file: sqlite3.Connection,
        steps: Sequence[int],
        losses: Sequence[float],
        first_nonfinite: int | None,
    ) -> None:
        if first_nonfinite != self._first_nonfinite_loss:
            _put(file, "first_nonfinite_loss", first_nonfinite)
        _insert_chunk(file, steps, losses)
        count = self._counts["loss"] + len(steps)
        if count > self._loss_limit:
            count = _thin_losses(file, self._loss_limit)
        self._counts["loss"] = count

    def _finish(self, file: sqlite3.Connection, exit_code: int | None, overhead: Overhead) -> None:
        _put(file, "finished", True)
        _put(file, "exit_code", exit_code)
        _put(file, "overhead", overhead)


def save_run(path: str | os.PathLike[str], run: Run, diagnosis: Diagnosis | None = None) -> None:
    """A whole run that is in memory already (a check-up) → its file."""
    writer = RunWriter(path, run)
    writer.add_sites(run.sites)
    writer.add_layers(run.layers)
    writer.add_parameters(run.parameters)
    writer.add_optimizers(run.optimizers)
    writer.add_criteria(run.criteria)
    for probe in run.probes:
        writer.add_probe(probe)
    writer.add_losses(run.loss_steps, run.losses)
    for sentence in run.unseen:
        writer.note_unseen(sentence)
    for traceback in run.faults:
        writer.note_fault(traceback)
    if run.finished:
        writer.finish(run.exit_code, run.overhead)
    if diagnosis is not None:
        writer.add_diagnosis(diagnosis)
    writer.close()


def _create(path: Path, run: Run) -> sqlite3.Connection:
    try:
        make_room(path)
        file = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        transaction(file, lambda file: _write_schema(file, run))
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        file.execute("PRAGMA journal_size_limit = 4194304")
    except (sqlite3.Error, OSError) as error:
        raise RunFileError(
            f"cannot make run file {path}: {error}. Expected a directory that can be written; "
            "choose another place for the run file"
        ) from error
    return file


def _write_schema(file: sqlite3.Connection, run: Run) -> None:
    file.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    file.execute(f"PRAGMA user_version = {schema.VERSION}")
    for statement in schema.TABLES:
        file.execute(statement)
    _write_header(file, run)


def _write_header(file: sqlite3.Connection, run: Run) -> None:
    for key in HEADER:
        _put(file, key, getattr(run, key))


def _put(file: sqlite3.Connection, key: str, value: Any) -> None:
    file.execute("INSERT OR REPLACE INTO header VALUES (?, ?)", (key, values.encode(value)))


def _note(file: sqlite3.Connection, kind: str, text: str) -> None:
    (count,) = file.execute("SELECT count(*) FROM note WHERE kind = ?", (kind,)).fetchone()
    if count < schema.NOTE_LIMIT:
        row = (kind, values.encode(text))
        file.execute("INSERT OR IGNORE INTO note VALUES (NULL, ?, ?)", row)


def _insert_chunk(file: sqlite3.Connection, steps: Sequence[int], losses: Sequence[float]) -> None:
    row = (len(steps), blocks.pack_steps(steps), blocks.pack_numbers(losses))
    file.execute("INSERT INTO loss VALUES (NULL, ?, ?, ?)", row)


def _thin_losses(file: sqlite3.Connection, limit: int) -> int:
    """Rewrite all losses as half of the limit; how many are left."""
    steps: list[int] = []
    losses: list[float] = []
    for some_steps, some_losses in file.execute("SELECT steps, losses FROM loss ORDER BY id"):
        steps += blocks.unpack_steps(some_steps)
        losses += blocks.unpack_numbers(some_losses)
    steps, losses = thin.thin_losses(steps, losses, limit // 2)
    file.execute("DELETE FROM loss")
    _insert_chunk(file, steps, losses)
    return len(steps)


def _thin_probes(file: sqlite3.Connection) -> int:
    """Forget about half of the probes after the first ones; how many went."""
    rows = file.execute("SELECT id, step FROM probe ORDER BY id").fetchall()
    places = thin.probes_to_drop([step for _, step in rows], schema.FIRST_PROBES)
    file.executemany("DELETE FROM probe WHERE id = ?", [(rows[place][0],) for place in places])
    return len(places)

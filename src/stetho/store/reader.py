"""A run file → `Run` and `Diagnosis`, or one clear sentence why not.

Reading changes nothing in the file and may happen while it is written. Nothing is unpickled.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from stetho.errors import RunFileError
from stetho.record import (
    NAN,
    Diagnosis,
    LayerStats,
    ParameterStats,
    Probe,
    Run,
    SiteStats,
)
from stetho.store import blocks, schema, values

DAMAGE = (
    sqlite3.Error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    zlib.error,
)
COMPUTED = re.compile(r"\b(AS|VIRTUAL|GENERATED)\b", re.IGNORECASE)
MOST_PROBES = 20_000  # ten times as many as a file of ours keeps
MOST_LOSSES = 2_000_000
IN_HEADER = tuple(
    item.name
    for item in fields(Run)
    if item.name not in ("probes", "loss_steps", "losses", "unseen", "faults")
)
Layouts = dict[int, tuple[tuple[str, ...], tuple[str, ...]]]


def read_run(path: str | os.PathLike[str]) -> Run:
    """All that the file holds. Raises RunFileError for what is not a whole run file of ours."""
    with _opened(Path(path)) as file:
        return run_of(file)


def read_header(path: str | os.PathLike[str]) -> Run:
    """The run without its probes and losses: quick, however long it is."""
    with _opened(Path(path), whole=False) as file:
        return _run(_header(file), _notes(file, "unseen"), _notes(file, "fault"))


def read_diagnosis(path: str | os.PathLike[str]) -> Diagnosis | None:
    """What was said of the run when it ended; None if it did not come so far."""
    with _opened(Path(path)) as file:
        stored = _header(file).get("diagnosis")
        return None if stored is None else values.diagnosis(stored)


@contextmanager
def _opened(path: Path, *, whole: bool = True) -> Iterator[sqlite3.Connection]:
    """One consistent look at a run file; every way in which it can be wrong is told apart.

    `whole`: every page of it is checked, which takes time in a large file.
    """
    _refuse_strangers(path)
    try:
        with _connected(path) as file:
            _check_marks(file, path)
            if whole:
                _check_pages(file)
            yield file
    except DAMAGE as error:
        raise RunFileError(
            f"run file {path} is damaged or cut off ({error}): expected a whole file written by "
            "`stetho run`; copy it again, or run the training again"
        ) from error
    except OSError as error:
        raise RunFileError(f"cannot read run file {path}: {error}; check its rights") from error


def _refuse_strangers(path: Path) -> None:
    if not path.exists():
        raise RunFileError(f"no run file at {path}: check the path; `stetho run` says where it is")
    if path.is_dir():
        raise RunFileError(f"{path} is a directory, expected a run file inside it: name the file")
    try:
        with path.open("rb") as stream:
            start = stream.read(len(schema.MAGIC))
    except OSError as error:
        raise RunFileError(f"cannot read run file {path}: {error}; check its rights") from error
    if not start:
        raise RunFileError(f"{path} is empty, expected a run file: run the training again")
    if start != schema.MAGIC:
        raise RunFileError(
            f"{path} is no run file: expected a file written by `stetho run`, got something that "
            f"begins with {start[:8]!r}; name a file that ends in .stetho"
        )


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Read-only in place; from a copy where the directory forbids SQLite its shared memory."""
    try:
        file = _connect(path)
    except sqlite3.OperationalError:
        with tempfile.TemporaryDirectory(prefix="stetho-") as folder:
            copy = _copy(path, Path(folder))
            with closing(_connect(copy)) as file:
                yield file
        return
    with closing(file):
        yield file


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    file = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None)
    try:
        file.execute("PRAGMA trusted_schema = OFF")
        file.execute("BEGIN")
        file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        file.close()
        raise
    return file


def _copy(path: Path, folder: Path) -> Path:
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copyfile(source, folder / f"run{suffix}")
    return folder / "run"


def _check_marks(file: sqlite3.Connection, path: Path) -> None:
    (mark,) = file.execute("PRAGMA application_id").fetchone()
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if mark != schema.APPLICATION_ID:
        raise RunFileError(
            f"{path} is no run file: expected the mark {schema.APPLICATION_ID:#x}, got {mark:#x}, "
            "a database of another program; name a file written by `stetho run`"
        )
    if version > schema.VERSION:
        raise RunFileError(
            f"{path} is from a newer stetho: expected format {schema.VERSION} or older, got "
            f"{version}; upgrade with `pip install -U stetho`"
        )
    _check_size(file, path)
    _check_tables(file)


def _check_tables(file: sqlite3.Connection) -> None:
    """Tables alone: what a view or a computed column gives may have no end."""
    for kind, name, made in file.execute("SELECT type, name, sql FROM sqlite_master"):
        computed = made is not None and COMPUTED.search(made)
        if kind not in ("table", "index") or computed:
            raise sqlite3.DatabaseError(f"{kind} {name} is none of ours")


def _check_pages(file: sqlite3.Connection) -> None:
    (sound,) = file.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise sqlite3.DatabaseError(sound)


def _check_size(file: sqlite3.Connection, path: Path) -> None:
    """SQLite takes what is missing of the last page for zeros. With a log the file may be short."""
    if any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-journal")):
        return
    (pages,) = file.execute("PRAGMA page_count").fetchone()
    (page,) = file.execute("PRAGMA page_size").fetchone()
    size = path.stat().st_size
    if size < pages * page:
        raise sqlite3.DatabaseError(f"{size} of {pages * page} bytes")


def _header(file: sqlite3.Connection) -> dict[str, Any]:
    return {key: values.decode(text) for key, text in file.execute("SELECT * FROM header")}


def run_of(file: sqlite3.Connection) -> Run:
    """All that an open run file holds."""
    steps, losses = _losses(file)
    run = _run(_header(file), _notes(file, "unseen"), _notes(file, "fault"))
    return replace(run, probes=tuple(_probes(file)), loss_steps=tuple(steps), losses=tuple(losses))


def _run(header: dict[str, Any], unseen: tuple[str, ...], faults: tuple[str, ...]) -> Run:
    stored = {name: header[name] for name in IN_HEADER if header.get(name) is not None}
    return replace(values.record(Run, stored), unseen=unseen, faults=faults)


def _probes(file: sqlite3.Connection) -> Iterator[Probe]:
    layouts: Layouts = {
        number: (values.names(names), values.names(columns))
        for number, names, columns in file.execute("SELECT id, names, fields FROM layout")
    }
    (count,) = file.execute("SELECT count(*) FROM probe").fetchone()
    if count > MOST_PROBES:
        raise ValueError(f"{count} probes")
    last = -1
    query = """SELECT step, time, loss, baseline, lr, sites_layout, sites, histograms,
        layers_layout, layers, parameters_layout, parameters FROM probe ORDER BY id"""
    for row in file.execute(query):
        step = values.whole(row[0])
        if step <= last:
            raise ValueError(f"a probe of step {step} after that of step {last}")
        last = step
        names = layouts[row[5]][0]
        histograms = blocks.unpack_histograms(row[7], len(names))
        yield Probe(
            step=step,
            time=_number(row[1]),
            loss=_number(row[2]),
            baseline=_number(row[3]),
            lr=tuple(blocks.unpack_numbers(row[4])),
            sites=blocks.unpack_stats(row[6], SiteStats, *layouts[row[5]], histograms),
            layers=blocks.unpack_stats(row[9], LayerStats, *layouts[row[8]]),
            parameters=blocks.unpack_stats(row[11], ParameterStats, *layouts[row[10]]),
        )


def _losses(file: sqlite3.Connection) -> tuple[list[int], list[float]]:
    steps: list[int] = []
    losses: list[float] = []
    for count, some_steps, some_losses in file.execute(
        "SELECT count, steps, losses FROM loss ORDER BY id"
    ):
        steps += blocks.unpack_steps(some_steps)
        losses += blocks.unpack_numbers(some_losses)
        if not count or len(steps) != len(losses) or len(steps) > MOST_LOSSES:
            raise ValueError(f"expected {count} losses, got {len(losses)} for {len(steps)} steps")
    return steps, losses


def _notes(file: sqlite3.Connection, kind: str) -> tuple[str, ...]:
    rows = file.execute("SELECT text FROM note WHERE kind = ? ORDER BY id", (kind,))
    return tuple(values.text(text) for (text,) in rows)


def _number(value: float | None) -> float:
    """SQLite has no nan: it keeps NULL instead."""
    return NAN if value is None else float(value)

"""A path → room for a new run file there, or a refusal: nothing of others is replaced."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from stetho.errors import RunFileError
from stetho.store import schema
from stetho.store.connections import BUSY_SECONDS


def make_room(path: Path) -> None:
    """Take away the run file that stands there. Raises RunFileError where that may not be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    if path.is_dir() or (path.stat().st_size and not _is_run_file(path)):
        raise RunFileError(
            f"expected a run file of stetho or nothing at {path}, found something else, which is "
            "left as it is; choose another name for the run file"
        )
    if path.stat().st_size:
        _refuse_in_use(path)
    elif not any(map(Path.exists, _beside(path))):
        return  # a name that was kept free for us
    for file in (*_beside(path), path):
        file.unlink(missing_ok=True)


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal")]


def _refuse_in_use(path: Path) -> None:
    """SQLite lets nobody change the kind of journal while another has the file open."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as file:
            (mode,) = file.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        mode = str(error)
    except sqlite3.DatabaseError:
        return  # damaged: nobody can be writing it
    if "lock" in mode or mode == "wal":
        raise RunFileError(
            f"expected a run file that nobody is using at {path}, but another process is writing "
            "or reading it; wait for its end, or choose another name for the run file"
        )


def _is_run_file(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(100)
    mark = int.from_bytes(start[68:72], "big")
    return start.startswith(schema.MAGIC) and mark == schema.APPLICATION_ID

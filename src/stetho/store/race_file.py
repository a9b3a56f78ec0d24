"""A race in progress ↔ a run file of kind "race": every trial is in it as soon as it has ended.

The file is a run file without probes, with one table more: `trial`, a JSON text a key. What else
belongs to a race (`settings`, `scouting`, `choice`) stands in the header.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from stetho.errors import RunFileError
from stetho.record import Run
from stetho.store.reader import read_run
from stetho.store.writer import RunWriter

KIND = "race"
TABLE = "CREATE TABLE IF NOT EXISTS trial (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
BUSY_SECONDS = 5.0


class RaceFile:
    """Texts by key, each kept at once. A write that fails costs the copy on disk, not the race."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = ""  # what the first write that failed said
        self._trials: dict[str, str] = {}

    @classmethod
    def new(cls, path: Path, header: Run) -> RaceFile:
        """Make the file. Raises RunFileError where that cannot be done."""
        RunWriter(path, header).close()
        race = cls(path)
        race._change(TABLE)
        return race

    @classmethod
    def old(cls, path: Path) -> RaceFile:
        """Take one up again. Raises RunFileError for what is no race."""
        if read_run(path).kind != KIND:
            raise RunFileError(
                f"expected a race at {path}, got a run file of one training; name the file that "
                "`stetho choose` said it keeps"
            )
        race = cls(path)
        try:
            with closing(race._connected()) as file:
                race._trials = dict(file.execute("SELECT key, value FROM trial"))
        except sqlite3.Error as error:
            raise RunFileError(
                f"race file {path} is damaged ({error}): copy it again, or race again"
            ) from error
        return race

    def put_trial(self, key: str, text: str) -> None:
        self._trials[key] = text
        self._change("INSERT OR REPLACE INTO trial VALUES (?, ?)", key, text)

    def trial(self, key: str) -> str | None:
        return self._trials.get(key)

    def put(self, key: str, text: str) -> None:
        """A JSON text of the header."""
        self._change("INSERT OR REPLACE INTO header VALUES (?, ?)", key, text)

    def get(self, key: str) -> str | None:
        with closing(self._connected()) as file:
            row = file.execute("SELECT value FROM header WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)

    def _change(self, statement: str, *values: str) -> None:
        try:
            with closing(self._connected()) as file:
                file.execute(statement, values)
        except sqlite3.Error as error:
            self.lost = self.lost or f"cannot write to {self.path}: {error}"

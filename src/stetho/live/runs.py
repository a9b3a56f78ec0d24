"""A run file or a folder → the runs in it, and what each page is made of."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stetho.api import load_result
from stetho.choosing import read_choice
from stetho.errors import RunFileError, UsageError
from stetho.record import Diagnosis, Run
from stetho.store import SUFFIX, read_diagnosis, read_header

KEPT = 4  # newest forms of runs that are held in memory

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list: what can be told without reading a run's probes."""

    name: str
    run: Run | None  # None: the file cannot be read; `why` says it
    diagnosis: Diagnosis | None = None
    why: str = ""


class Runs:
    """The run files below a folder, or one of them, looked at anew each time."""

    def __init__(self, place: Path) -> None:
        if not place.exists():
            raise UsageError(
                f"expected a run file or a folder of run files, but there is no {place}; name one, "
                "or run `stetho run` first"
            )
        self.single = place.is_file()
        self._folder = place.parent if self.single else place
        self._only = place if self.single else None
        self.title = str(place)

    def files(self) -> dict[str, Path]:
        """Name → file, the newest first."""
        if self._only is not None:
            return {self._only.name: self._only}
        found = [file for file in self._folder.rglob(f"*{SUFFIX}") if file.is_file()]
        found.sort(key=_changed, reverse=True)
        return {str(file.relative_to(self._folder)): file for file in found}

    def file(self, name: str) -> Path | None:
        """Only what is in the list can be asked for: no path of a request reaches the disk."""
        return self.files().get(name)

    def listed(self) -> list[Listed]:
        return [_listed(name, file) for name, file in self.files().items()]


def _changed(file: Path) -> int:
    return max(stamp(file), default=0)


def stamp(file: Path) -> Stamp:
    """What differs when something was written: times and sizes of the file and of its log."""
    made: list[int] = []
    for suffix in ("", "-wal"):
        try:
            seen = file.with_name(file.name + suffix).stat()
        except OSError:
            continue
        made += [seen.st_mtime_ns, seen.st_size]
    return tuple(made)


def _listed(name: str, file: Path) -> Listed:
    try:
        return Listed(name, read_header(file), read_diagnosis(file))
    except RunFileError as error:
        return Listed(name, None, None, str(error))


class News:
    """A run's newest form, made once for all that ask until the file changes."""

    def __init__(self) -> None:
        self._made: OrderedDict[Path, tuple[Stamp, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, file: Path) -> bytes:
        """JSON of what the page shows: sections as markup, data of the charts."""
        with self._lock:
            now = stamp(file)
            known = self._made.get(file)
            if known is None or known[0] != now:
                known = (now, json.dumps(_form(file), allow_nan=False).encode())
                self._made[file] = known
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
            return known[1]


def page(file: Path, live: str) -> str:
    """The page of a run, which asks `live` for news; or of a race that has come to its end."""
    raced = read_choice(file)
    return raced.html() if raced is not None else load_result(file).html(live=live)


def _form(file: Path) -> dict[str, Any]:
    return load_result(file).page_form()

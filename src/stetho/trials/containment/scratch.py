"""A folder on a real disk that a race may fill and that is removed with everything in it."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from stetho.errors import UsageError

PREFIX = "stetho-race-"
LOCK = "in-use"  # locked for as long as the race lives
NEEDED = 256 * 2**20  # bytes that must be free where a race begins
SHARE = 0.5  # of what is free when a race begins: so much stays free


class Scratch:
    """Made with a race, removed with it; what a killed race left is removed by the next one."""

    def __init__(self) -> None:
        home = _roomiest()
        free = shutil.disk_usage(home).free
        if free < NEEDED:
            raise UsageError(
                f"expected {NEEDED >> 20} MB of free disk in {home} for the files that trials "
                f"write, but there are {free >> 20} MB; make room, or set TMPDIR to a folder on "
                "another disk"
            )
        for old in _abandoned(home):
            remove(old)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
        self.least_free = int(free * SHARE)
        self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _lock(self._lock)

    def remove(self) -> None:
        remove(self.path)
        with suppress(OSError):
            os.close(self._lock)


def remove(folder: Path) -> None:
    """Remove a folder, whatever rights its files have; what cannot be removed stays."""

    def again(function: Any, path: str, _: Any) -> None:
        with suppress(OSError):
            os.chmod(os.path.dirname(path), stat.S_IRWXU)
            if not os.path.islink(path):
                os.chmod(path, stat.S_IRWXU)
            function(path)

    for _ in range(3):  # a folder that could not be opened is emptied by the next turn
        if folder.exists():
            if sys.version_info >= (3, 12):
                shutil.rmtree(folder, onexc=again)
            else:
                shutil.rmtree(folder, onerror=again)


def _roomiest() -> Path:
    """The usual folder for temporary files, unless it is memory and another is on a disk."""
    usual = Path(tempfile.gettempdir())
    places = [usual, Path("/var/tmp"), Path.home() / ".cache"]
    fit = [place for place in places if os.access(place, os.W_OK | os.X_OK)]
    return next((place for place in fit if not _in_memory(place)), usual)


def _in_memory(place: Path) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    from stetho.trials.containment.mounts import mount_of, mounts

    return mount_of(str(place), mounts()).kind in ("tmpfs", "ramfs", "overlay")


def _abandoned(home: Path) -> Iterator[Path]:
    """Scratch folders of ours that no race holds any more."""
    for folder in home.glob(f"{PREFIX}*"):
        with suppress(OSError):
            handle = os.open(folder / LOCK, os.O_RDWR)
            try:
                if os.fstat(handle).st_uid == os.getuid() and _lock(handle):
                    yield folder
            finally:
                os.close(handle)


def _lock(handle: int) -> bool:
    """Whether nobody else holds it. Systems without such locks never find it free."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True

"""Text of ours → stderr, whatever the script has made of it; the exit code stays the script's.

What cannot be written must not stay in a stream's buffer: Python flushes both standard streams
when it ends, and leaves with code 120 if that fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from stetho.errors import StethoError, faults_are_raised


class Careful:
    """stderr as it is now, as a stream that never raises: what cannot be written is not.

    A script that puts a stream of its own in the place of `sys.stderr` does not get our text: it
    may keep a log.
    """

    def __init__(self) -> None:
        self._stream = sys.stderr

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        try:
            return bool(self._open().isatty())
        except Exception:
            return False

    def write(self, text: str) -> int:
        """A failed write leaves nothing behind in the buffer of stdout or stderr."""
        clean = _flushes(sys.__stdout__), _flushes(sys.__stderr__)
        try:
            stream = self._open()
            stream.write(text)
            stream.flush()
        except Exception:
            for own, was_clean in zip((sys.__stdout__, sys.__stderr__), clean):
                if was_clean and not _flushes(own):
                    _empty(own)
        return len(text)

    def flush(self) -> None:
        """Each write is flushed."""

    def attempt(self, what: str, act: Callable[[], None]) -> None:
        """Do something after the script has ended; if it fails, say so, and keep the exit code."""
        try:
            act()
        except StethoError as error:
            self.write(f"stetho: {error}\n")
        except OSError as error:  # a folder that has gone, a disk that is full
            self.write(f"stetho could not {what}: {error}\n")
        except Exception as fault:
            if faults_are_raised():
                raise
            said = f"{type(fault).__name__}: {fault}"
            self.write(f"stetho failed to {what} ({said}); please report it\n")

    def _open(self) -> Any:
        if self._stream is not None and not getattr(self._stream, "closed", False):
            return self._stream
        self._stream = os.fdopen(2, "w", encoding="utf-8", errors="replace", closefd=False)
        return self._stream


def _flushes(stream: TextIO | None) -> bool:
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        return False
    return True


def _empty(stream: TextIO | None) -> None:
    """Let a stream's buffer run into nothing: its file is full or gone."""
    if stream is None:
        return
    with suppress(OSError, ValueError):
        number = stream.fileno()
        kept = os.dup(number)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, number)
            stream.flush()
        finally:
            os.dup2(kept, number)
            os.close(kept)
            os.close(nowhere)

"""A view → Python's own functions that take paths, made to work in that view.

`CALLS` is the whole list: one row a function, with what happens to its paths.
"""

from __future__ import annotations

import builtins
import io
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from stetho.trials.containment.listing import Entries, Entry
from stetho.trials.containment.redirect import View
from stetho.trials.containment.refusing import path_of

Place = Callable[[str], str]  # a path → where to do it
DIR_FD = "dir_fd"


class Calls:
    """Functions that stand in for Python's own while a view is in force."""

    def __init__(self, view: View, inside: threading.local, guarded: bool) -> None:
        self.view = view
        self._guarded = guarded  # the kernel forbids all other writes as well
        self._inside = inside  # `.depth` above 0: Python's own functions are meant

    def rows(self) -> list[tuple[Any, str, Callable[[Any], Any]]]:
        """(module, name, original → stand-in) of every function that is redirected."""
        view = self.view
        read, own, write = view.target, view.place, view.write
        changed = ("chmod", "chown", "utime", "truncate", "setxattr", "removexattr", "chflags")
        rows: list[tuple[Any, str, Callable[[Any], Any]]] = [
            (builtins, "open", self._open),
            (io, "open", self._open),
            (io, "FileIO", self._file_io),
            (os, "open", self._os_open),
            (os, "listdir", lambda f: self._listing(f, self._listdir)),
            (os, "scandir", lambda f: self._listing(f, self._scandir)),
            (os, "chdir", self._changing),
            (os, "fchdir", self._changing),
            (os, "getcwd", lambda f: lambda: view.folder),
            (os, "getcwdb", lambda f: lambda: os.fsencode(view.folder)),
            (os, "rename", self._rename),
            (os, "replace", self._rename),
            (os, "link", self._link),
            (os, "symlink", self._symlink),
            (sqlite3, "connect", self._connect),
            (sqlite3.dbapi2, "connect", self._connect),
        ]
        rows += [(os, name, lambda f: self._one(f, read)) for name in ("access", "statvfs")]
        rows += [(os, name, lambda f: self._one(f, read, own)) for name in READS]
        rows += [(os, name, lambda f: self._one(f, own)) for name in ("lstat", "readlink")]
        rows += [(os, n, lambda f: self._one(f, write, self._write_link)) for n in changed]
        rows += [(os, n, lambda f: self._one(f, self._write_link)) for n in ("lchown", "lchmod")]
        rows += [(os, n, lambda f: self._one(f, view.make)) for n in ("mkdir", "mkfifo", "mknod")]
        rows += [(os, n, lambda f: self._removing(f, False)) for n in ("unlink", "remove")]
        rows += [(os, "rmdir", lambda f: self._removing(f, True))]
        return [row for row in rows if hasattr(row[0], row[1])]

    # -- around every call -------------------------------------------------------------------------

    @contextmanager
    def originals(self, path: Any = None) -> Iterator[None]:
        """Python's own functions are meant inside; errors name the script's own path."""
        self._inside.depth = 1
        try:
            yield
        except OSError as error:
            if path is not None and error.filename is not None and not isinstance(path, int):
                error.filename = path
            raise
        finally:
            self._inside.depth = 0

    def standing(self) -> str:
        """Where the process itself stands, for code in other languages that is given `x/y.bin`.

        What such code writes must not meet the user's files; where the kernel sees to that, it may
        read them.
        """
        real = self._guarded and os.path.isdir(self.view.folder)
        return self.view.folder if real else self.view.write(self.view.folder)

    @property
    def at_work(self) -> bool:
        return bool(getattr(self._inside, "depth", 0))

    def mapped(self, place: Place, path: Any, folder: int | None = None) -> Any:
        """A path as a function takes it → its place; an open file stays."""
        if isinstance(path, int):
            return path
        name = self._joined(path, folder)
        if "\0" in name:
            return path  # let the function say what it thinks of that
        found = place(name)
        return os.fsencode(found) if isinstance(path, bytes) else found

    def _joined(self, path: Any, folder: int | None) -> str:
        name = os.fsdecode(path)
        if folder is None or os.path.isabs(name):
            return name
        return os.path.join(self.view.shown(path_of(folder)), name)

    def _write_link(self, path: str) -> str:
        return self.view.write(path, follow=False)

    # -- one path ----------------------------------------------------------------------------------

    def _one(self, original: Any, place: Place, of_link: Place | None = None) -> Any:
        """`of_link` is the place where a call says `follow_symlinks=False`."""

        def call(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
            if self.at_work or isinstance(path, int):
                return original(path, *args, **kwargs)
            with self.originals(path):
                folder = kwargs.pop(DIR_FD, None)
                linked = of_link is not None and not kwargs.get("follow_symlinks", True)
                found = self.mapped(of_link if linked and of_link else place, path, folder)
                return original(found, *args, **kwargs)

        return call

    def _removing(self, original: Any, folder: bool) -> Any:
        def remove(path: Any, *, dir_fd: int | None = None) -> None:
            if self.at_work:
                original(path, dir_fd=dir_fd)
                return
            with self.originals(path):
                self.view.remove(self._joined(path, dir_fd), folder, original)

        return remove

    # -- opening -----------------------------------------------------------------------------------

    def _open(self, original: Any) -> Any:
        def open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if self.at_work or isinstance(file, int):
                return original(file, mode, *args, **kwargs)
            with self.originals(file):
                if kwargs.get("opener") is not None:  # it opens by itself, redirected
                    kwargs["opener"] = self._outside(kwargs["opener"])
                    return original(file, mode, *args, **kwargs)
                found = self.mapped(lambda path: self._by_mode(path, mode), file)
                opened = original(found, mode, *args, **kwargs)
            if found != file:
                _name(opened, file)
            return opened

        return open

    def _outside(self, opener: Any) -> Any:
        def opened(path: Any, flags: int) -> int:
            self._inside.depth = 0
            try:
                return int(opener(path, flags))
            finally:
                self._inside.depth = 1

        return opened

    def _file_io(self, original: Any) -> Any:
        calls = self

        class Kind(type):
            def __instancecheck__(cls, one: Any) -> bool:  # files that Python makes itself, too
                return isinstance(one, original)

        class FileIO(original, metaclass=Kind):  # type: ignore[misc]
            def __init__(self, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> None:
                if calls.at_work or isinstance(file, int):
                    super().__init__(file, mode, *args, **kwargs)
                    return
                with calls.originals(file):
                    found = calls.mapped(lambda path: calls._by_mode(path, mode), file)
                    super().__init__(found, mode, *args, **kwargs)

        return FileIO

    def _by_mode(self, path: str, mode: str) -> str:
        if "x" in mode:
            return self.view.make(path)
        if "w" in mode:
            return self.view.write(path, keep=False)
        if "a" in mode or ("+" in mode and os.path.exists(self.view.target(path))):
            return self.view.write(path)
        return self.view.target(path)

    def _os_open(self, original: Any) -> Any:
        def open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            if self.at_work:
                return int(original(path, flags, mode, dir_fd=dir_fd))
            with self.originals(path):
                found = self.mapped(lambda name: self._by_flags(name, flags), path, dir_fd)
                return int(original(found, flags, mode))

        return open

    def _by_flags(self, path: str, flags: int) -> str:
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC)
        if flags & os.O_CREAT and flags & os.O_EXCL:
            return self.view.make(path)
        if writes or flags & os.O_CREAT:
            there = os.path.exists(self.view.target(path))
            if there or flags & os.O_CREAT:
                return self.view.write(path, keep=not flags & os.O_TRUNC)
        return (self.view.place if flags & os.O_NOFOLLOW else self.view.target)(path)

    def _connect(self, original: Any) -> Any:
        def connect(database: Any, *args: Any, **kwargs: Any) -> Any:
            if self.at_work:
                return original(database, *args, **kwargs)
            with self.originals():
                return original(self._database(database, kwargs), *args, **kwargs)

        return connect

    def _database(self, database: Any, kwargs: dict[str, Any]) -> Any:
        name = os.fsdecode(database)
        prefix, rest = "", ""
        if kwargs.get("uri") and name.startswith("file:"):
            prefix, (name, sign, rest) = "file:", name[5:].partition("?")
            rest = sign + rest
            if "mode=memory" in rest:
                return database
        if name in ("", ":memory:"):
            return database
        for beside in ("-wal", "-shm", "-journal"):
            if os.path.exists(self.view.target(name + beside)):
                self.view.write(name + beside)
        return f"{prefix}{self.view.write(name)}{rest}"

    # -- folders -----------------------------------------------------------------------------------

    def _listing(self, original: Any, act: Any) -> Any:
        def listing(path: Any = None) -> Any:
            if self.at_work:
                return original() if path is None else original(path)
            with self.originals(path):
                name = "." if path is None else path
                if isinstance(name, int):
                    name = self.view.shown(path_of(name))
                return act(os.fspath(name), isinstance(path, int))

        return listing

    def _listdir(self, path: Any, by_handle: bool) -> list[Any]:
        names = self.view.names(os.fsdecode(path))
        return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names

    def _scandir(self, path: Any, by_handle: bool) -> Entries:
        folder = os.fsdecode(path)
        seen = self.view.goal(folder)
        found = []
        for name in self.view.names(folder):
            shown = name if by_handle else os.path.join(folder, name)
            kept = os.fsencode if isinstance(path, bytes) else str
            found.append(Entry(kept(name), kept(shown), os.path.join(seen, name)))
        return Entries(found)

    def _changing(self, original: Any) -> Any:
        def chdir(path: Any) -> None:
            if self.at_work:
                original(path)
                return
            with self.originals(path):
                handle = isinstance(path, int)
                name = self.view.shown(path_of(path)) if handle else os.fsdecode(path)
                goal = self.view.goal(name)
                os.listdir(self.view.target(name))  # raises what the script is to see
                self.view.folder = goal
                original_of(os.chdir)(self.standing())

        return chdir

    # -- two paths ---------------------------------------------------------------------------------

    def _rename(self, original: Any) -> Any:
        def rename(
            src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
        ) -> None:
            if self.at_work:
                original(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
                return
            with self.originals(src):
                old, new = self._joined(src, src_dir_fd), self._joined(dst, dst_dir_fd)
                self.view.rename(old, new, original)

        return rename

    def _link(self, original: Any) -> Any:
        def link(src: Any, dst: Any, **kwargs: Any) -> None:
            if self.at_work:
                original(src, dst, **kwargs)
                return
            with self.originals(src):
                old = self._joined(src, kwargs.get("src_dir_fd"))
                new = self._joined(dst, kwargs.get("dst_dir_fd"))
                original(self._write_link(old), self.view.make(new))

        return link

    def _symlink(self, original: Any) -> Any:
        def symlink(src: Any, dst: Any, *args: Any, dir_fd: int | None = None) -> None:
            if self.at_work:
                original(src, dst, *args, dir_fd=dir_fd)
                return
            with self.originals(src):
                original(src, self.view.make(self._joined(dst, dir_fd)))

        return symlink


ORIGINAL = ("posix", "_io", "_frozen_importlib", "_frozen_importlib_external", "_sqlite3")
READS = ("stat", "getxattr", "listxattr")


def original_of(function: Any) -> Any:
    """A function as it was before it was redirected."""
    return getattr(function, "__wrapped__", function)


def _name(opened: Any, path: Any) -> None:
    """Let a file say the name that the script has given."""
    raw = getattr(getattr(opened, "buffer", opened), "raw", opened)
    raw.name = path


def aliases(function: Any) -> list[tuple[Any, str]]:
    """(module, name) of all that was imported by a name of its own, as in `from os import open`.

    Python's own way of importing keeps the originals: it looks for code, and writes none.
    """
    found = []
    for module in [module for name, module in sys.modules.items() if name not in ORIGINAL]:
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict):
            found += [(module, name) for name, value in list(names.items()) if value is function]
    return found

"""Paths → where they lie in a view that is kept beside the user's files.

The view is the user's file system with changes on top. A file that is about to be written is copied
into a scratch folder first, and what is new is made there; what is removed is remembered.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress

# What is written there goes to no file of the user's: devices, and what the kernel shows as files.
MACHINE = ("/dev/", "/proc/")
SHARED_MEMORY = "/dev/shm/"  # a folder like any other for whoever opens files in it
LINKS = 40  # that are followed in a row, as Linux does


class View:
    """The user's files, with changes that lie below `scratch`.

    A path is *seen* as the script means it, absolute and without links in its folders, and has a
    *place*, where its content lies. Whoever calls a method sees to it that Python's own functions
    are not redirected meanwhile.
    """

    def __init__(self, scratch: str, folder: str) -> None:
        self.scratch = os.path.realpath(scratch)
        self.folder = os.path.realpath(folder)  # working directory, as the script sees it
        self._upper = os.path.join(self.scratch, "files")
        self._gone: set[str] = set()  # removed, or hidden by what is new there
        self._followed: dict[str, str] = {}  # folder → the same without links
        os.makedirs(self._upper, exist_ok=True)

    # -- where a path lies -----------------------------------------------------------------------

    def seen(self, path: str) -> str:
        folder, name = os.path.split(os.path.join(self.folder, path).rstrip("/") or "/")
        if name in ("", ".", ".."):
            return self._follow(os.path.join(folder, name))
        return os.path.join(self._follow(folder), name)

    def place(self, path: str) -> str:
        """Of what a path names; where nothing is, a path at which nothing is."""
        return self._place(self.seen(path))

    def target(self, path: str) -> str:
        """The place of what a path leads to, through the link that it may be."""
        return self._place(self.goal(path))

    def goal(self, path: str) -> str:
        """What a path leads to, as it is seen."""
        seen = self.seen(path)
        for _ in range(LINKS):
            place = self._place(seen)
            if not os.path.islink(place):
                return seen
            seen = self.seen(os.path.join(os.path.dirname(seen), os.readlink(place)))
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)

    def shown(self, place: str) -> str:
        """A place → the path that the script knows it by."""
        if not _below(place, self._upper):
            return place
        return place.removeprefix(self._upper) or "/"

    def is_free(self, seen: str) -> bool:
        """Whether it may be written to where it is: nothing of the user's can lie there."""
        machine = seen.startswith(MACHINE) and not seen.startswith(SHARED_MEMORY)
        return machine or _below(seen, self.scratch)

    def names(self, path: str) -> list[str]:
        """What is in a folder."""
        seen = self.goal(path)
        above = self._upper + seen
        if self.is_free(seen) or not os.path.isdir(above):
            names = os.listdir(self._place(seen))
        else:
            names = os.listdir(above)
            if not self._is_gone(seen) and os.path.isdir(seen):
                names += [name for name in os.listdir(seen) if name not in set(names)]
        return [n for n in names if os.path.lexists(self._place(os.path.join(seen, n)))]

    def _place(self, seen: str) -> str:
        if self.is_free(seen):
            return seen
        above = self._upper + seen
        return above if os.path.lexists(above) or self._is_gone(seen) else seen

    def _is_gone(self, seen: str) -> bool:
        while self._gone and seen != "/":
            if seen in self._gone:
                return True
            seen = os.path.dirname(seen)
        return False

    def _follow(self, folder: str) -> str:
        known = self._followed.get(folder)
        if known is None:
            known = self._followed[folder] = self._follow_parts(folder)
        return known

    def _follow_parts(self, folder: str) -> str:
        done = "/"
        for part in filter(None, folder.split("/")):
            if part == "..":
                done = os.path.dirname(done)
            elif part != ".":
                done = self.goal_of(os.path.join(done, part))
        return done

    def goal_of(self, seen: str) -> str:
        """`goal` of a path whose folders are followed already."""
        place = self._place(seen)
        return self.goal(seen) if os.path.islink(place) else seen

    # -- changes -----------------------------------------------------------------------------------

    def write(self, path: str, keep: bool = True, follow: bool = True) -> str:
        """The place in which to change a file or a folder; `keep` what a file holds by now."""
        seen = self.goal(path) if follow else self.seen(path)
        above = self._upper + seen
        if self.is_free(seen):
            return seen
        if os.path.lexists(above):
            return above
        there = self._place(seen)
        if not os.path.lexists(there):
            _refuse_unwritable(self._place(os.path.dirname(seen)))
        self._have_folder(os.path.dirname(seen))
        if os.path.isdir(there) and not os.path.islink(there):
            self._have_folder(seen)
        elif os.path.lexists(there):
            if not keep:
                _refuse_unwritable(there)
                open(above, "xb").close()
                shutil.copymode(there, above)
            else:
                shutil.copy2(there, above, follow_symlinks=False)
        return above

    def make(self, path: str) -> str:
        """The place at which to make what is not there yet."""
        seen = self.seen(path)
        if self.is_free(seen):
            return seen
        folder = os.path.dirname(seen)
        if os.path.lexists(self._place(seen)):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        _refuse_unwritable(self._place(folder))
        self._have_folder(folder)
        self._followed.clear()
        return self._upper + seen

    def remove(self, path: str, folder: bool, act: Callable[[str], None]) -> None:
        """`act` removes a file, or an empty folder, that lies in the scratch folder."""
        seen = self.seen(path)
        if self.is_free(seen):
            act(seen)
            return
        place, above = self._place(seen), self._upper + seen
        if folder and self._is_folder(place) and self.names(seen):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        if place != above:
            _refuse_unwritable(os.path.dirname(place))
            if self._is_folder(place) != folder or not os.path.lexists(place):
                self._refuse(folder, place, path)
        else:
            act(above)
        self._gone.add(seen)
        self._followed.clear()

    def rename(self, source: str, goal: str, act: Callable[[str, str], None]) -> None:
        """`act` is os.rename or os.replace."""
        old, new = self.seen(source), self.seen(goal)
        if not os.path.lexists(self._place(old)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), source, None, goal)
        there = self._place(new)
        if self._is_folder(there) and self._is_folder(self._place(old)) and self.names(new):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), source, None, goal)
        if self._is_folder(there):
            self._have_folder(new)  # the system says what may take its place
        _refuse_unwritable(self._place(os.path.dirname(new)))
        whole = self._whole(old)
        self._have_folder(os.path.dirname(new))
        if old != new:
            act(whole, new if self.is_free(new) else self._upper + new)
            self._gone |= {old, new}  # nor is what lay at the goal to shine through
        self._followed.clear()

    def _whole(self, seen: str) -> str:
        """Have all of a file or a folder in the scratch folder."""
        place = self.write(seen, follow=False)
        if self._is_folder(place):
            for name in self.names(seen):
                self._whole(os.path.join(seen, name))
        return place

    def _have_folder(self, seen: str) -> None:
        above, place = self._upper + seen, self._place(seen)
        if self.is_free(seen) or os.path.isdir(above):
            return
        if not os.path.isdir(place):
            os.listdir(place)  # raises what the script is to see
        if seen != "/":
            self._have_folder(os.path.dirname(seen))
        with suppress(FileExistsError):
            os.mkdir(above)
            shutil.copystat(place, above)

    @staticmethod
    def _is_folder(place: str) -> bool:
        return os.path.isdir(place) and not os.path.islink(place)

    @staticmethod
    def _refuse(folder: bool, place: str, path: str) -> None:
        if not os.path.lexists(place):
            code = errno.ENOENT
        else:
            code = errno.ENOTDIR if folder else errno.EISDIR
        raise OSError(code, os.strerror(code), path)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _refuse_unwritable(place: str) -> None:
    """As the system would; the copy in the scratch folder belongs to us."""
    if os.path.exists(place) and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), place)

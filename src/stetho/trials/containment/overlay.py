"""A scratch folder → a root of its own for this process: all it writes goes into that folder.

Every file system that a script could write to is covered by an overlay whose upper layer lies in
the scratch folder. The view is that of a new mount namespace: nobody else sees it, and the kernel
takes it down when its last process has ended.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from stetho.trials.containment import syscalls
from stetho.trials.containment.mounts import Mount, is_below, is_folder, mounts
from stetho.trials.containment.syscalls import MS_BIND, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT

SHARED_MEMORY = "/dev/shm"
LOCKED = 2 | 4 | 8 | 1024 | 2048  # nosuid, nodev, noexec, noatime, nodiratime: a remount keeps them


def leave_namespaces(network: bool) -> bool:
    """Enter new namespaces for processes, shared memory and, with `network`, ports.

    Returns whether that took a user namespace. The next child is the first of the new processes.
    """
    flags = syscalls.CLONE_NEWPID | syscalls.CLONE_NEWIPC
    if network:
        flags |= syscalls.CLONE_NEWNET
    user, group = os.getuid(), os.getgid()
    with suppress(PermissionError):
        syscalls.unshare(flags)
        return False
    syscalls.unshare(flags | syscalls.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def enter_view(scratch: Path, folder: str) -> None:
    """Cover all file systems by layers in `scratch`, and stand in `folder`.

    To be called by the first process of the new namespaces.
    """
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", "", MS_REC | MS_PRIVATE)
    view = _View(scratch, mounts())
    view.build(folder)
    syscalls.enter_root(str(view.root))
    with suppress(OSError):
        os.chdir(folder)


class _View:
    """A new root below the scratch folder, mount by mount."""

    def __init__(self, scratch: Path, known: Sequence[Mount]) -> None:
        self._scratch = scratch
        self._known = known
        self._layers = 0
        self._parted = False  # no overlay covers a whole file system
        self.root = scratch / "root"

    def build(self, folder: str) -> None:
        self.root.mkdir()
        for one in self._known:
            if one.path == "/proc":
                self._processes()
            elif one.stores and is_folder(one.path):
                self._cover(one.path)
            elif one.stores:
                self._show(one.path)
            else:
                self._show_machine(one)
        for path in self._own_folders(folder):
            self._cover(path)
        # The layers themselves are nothing for a script to see.
        hidden = self._target(str(self._scratch))
        syscalls.mount("none", hidden, "tmpfs", 0, "size=64k")

    def _own_folders(self, folder: str) -> list[str]:
        """What the user owns below folders that are somebody else's.

        A layer cannot take over a folder whose owner the user namespace does not know, and a file
        is copied into it with all folders above.
        """
        if not self._parted:
            return []
        tops = {_top_own(path) for path in (folder, os.path.expanduser("~"), gettempdir())}
        return sorted(path for path in tops if path)

    def _target(self, path: str) -> str:
        return f"{self.root}{path}".rstrip("/")

    def _cover(self, path: str) -> None:
        """An overlay over one folder; where that is not allowed, over each folder in it.

        In a user namespace the kernel covers no folder in which something else is mounted.
        """
        upper, work = self._layer(path)
        options = f"lowerdir={_escaped(path)},upperdir={upper},workdir={work}"
        for more in (",redirect_dir=on,volatile", ",userxattr,volatile", ",userxattr", ""):
            with suppress(OSError):
                syscalls.mount("overlay", self._target(path), "overlay", 0, options + more)
                return
        self._parted = True
        if not any(one.path != path and is_below(one.path, path) for one in self._known):
            self._show(path)
            return
        if path == "/":
            syscalls.mount("none", str(self.root), "tmpfs", 0, "mode=755")
        for entry in os.scandir(path):
            target = self._target(entry.path)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), target)
            elif entry.is_dir():
                os.mkdir(target)
                if all(one.path != entry.path for one in self._known):
                    self._cover(entry.path)
            else:
                Path(target).touch()
                self._show(entry.path)

    def _layer(self, path: str) -> tuple[str, str]:
        self._layers += 1
        layer = self._scratch / f"layer{self._layers}"
        layer.mkdir()
        if path == SHARED_MEMORY:  # what lies there is meant to be memory
            syscalls.mount("none", str(layer), "tmpfs")
        for name in ("upper", "work"):
            (layer / name).mkdir()
        _take_over(path, layer / "upper")
        return _escaped(str(layer / "upper")), _escaped(str(layer / "work"))

    def _show(self, path: str) -> None:
        """Show a folder or a file as it is, read-only."""
        target = self._target(path)
        _bind(path, target)
        kept = os.statvfs(target).f_flag & LOCKED
        syscalls.mount("none", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY | kept)

    def _show_machine(self, one: Mount) -> None:
        """Show what is no place for files, where we are allowed to."""
        with suppress(OSError):
            if one.kind.startswith("dev"):
                _bind(one.path, self._target(one.path))
            else:
                self._show(one.path)

    def _processes(self) -> None:
        try:
            syscalls.mount("proc", self._target("/proc"), "proc")
        except OSError:  # part of the old one is hidden from us
            syscalls.mount("/proc", self._target("/proc"), "", MS_BIND | MS_REC)


def _top_own(path: str) -> str:
    """The uppermost of a folder and those above it that belongs to the user; "" if none does."""
    folder = os.path.realpath(path)
    above = [folder, *map(str, Path(folder).parents)]
    own = [one for one in above[:-1] if os.path.isdir(one) and os.stat(one).st_uid == os.getuid()]
    return own[-1] if own else ""


def _bind(path: str, target: str) -> None:
    try:
        syscalls.mount(path, target, "", MS_BIND)
    except OSError:  # in a user namespace a mount may not be parted from those below it
        syscalls.mount(path, target, "", MS_BIND | MS_REC)


def _take_over(path: str, upper: Path) -> None:
    """The root of an overlay has the mode and the owner of its upper layer's."""
    state = os.stat(path)
    with suppress(OSError):
        os.chown(upper, state.st_uid, state.st_gid)
    os.chmod(upper, state.st_mode & 0o7777)


def _escaped(path: str) -> str:
    for sign in ("\\", ":", ","):
        path = path.replace(sign, f"\\{sign}")
    return path

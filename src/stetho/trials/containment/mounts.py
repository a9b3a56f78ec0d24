"""/proc/self/mountinfo → the mounts of this process."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# File systems that are no storage: what is written there configures the machine.
PSEUDO = frozenset(
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl "
    "hugetlbfs mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs".split()
)


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount that can be seen."""

    path: str
    kind: str  # of the file system
    writable: bool

    @property
    def stores(self) -> bool:
        """Whether a script could leave files there."""
        of_machine = self.path.startswith(("/proc/", "/sys/"))
        return self.writable and self.kind not in PSEUDO and not of_machine


def mounts() -> list[Mount]:
    """Parents before children; nothing that another mount hides."""
    found: dict[str, Mount] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        one = _parsed(line)
        hidden = [path for path in found if path != one.path and is_below(path, one.path)]
        for path in hidden:
            del found[path]
        found.pop(one.path, None)
        found[one.path] = one
    return sorted(found.values(), key=lambda one: one.path.count("/") if one.path != "/" else 0)


def _parsed(line: str) -> Mount:
    left, _, right = line.partition(" - ")
    path, options = left.split()[4:6]
    kind, _, of_system = right.split()[:3]
    writable = "rw" in options.split(",") and "rw" in of_system.split(",")
    return Mount(_unescaped(path), kind, writable)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def is_below(path: str, folder: str) -> bool:
    return folder == "/" or path == folder or path.startswith(f"{folder}/")


def mount_of(path: str, known: Sequence[Mount]) -> Mount:
    """The mount that a path lies on."""
    real = os.path.realpath(path)
    return max((m for m in known if is_below(real, m.path)), key=lambda m: len(m.path))


def is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False

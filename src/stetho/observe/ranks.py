"""The ranks of a distributed run → who leads on this machine, and which steps all of them probe.

Only what torch.distributed knows already is asked; nothing is sent.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stetho.observe.schedule import Schedule

MEETING = "STETHO_RANKS"  # environment variable: where the ranks of one launch meet
SLOT = struct.Struct("<q")
SLOTS = 64  # added probes that the leader's file keeps

meeting = ""  # the same, for the process that has launched the ranks and for those that it forked


@dataclass(frozen=True, slots=True)
class Group:
    """The ranks of one run on one machine."""

    place: int  # of this process among them; 0 leads
    size: int
    rank: int  # of this process in the whole run
    world: int
    folder: Path


def find_group() -> Group | None:
    """`None` where torch.distributed is not in use, or has one process only."""
    if "torch.distributed" not in sys.modules:
        return None
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() < 2:
        return None
    rank, world = dist.get_rank(), dist.get_world_size()
    place = int(os.environ.get("LOCAL_RANK", rank))
    size = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    return Group(place, size, rank, world, _folder())


def _folder() -> Path:
    """A folder that all ranks of one launch name alike: they have one parent, and one port."""
    port = os.environ.get("MASTER_PORT", "0")
    restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    given = meeting or os.environ.get(MEETING)
    if given:
        return Path(f"{given}.{port}.{restart}")
    parent = os.getppid()
    user = os.getuid() if hasattr(os, "getuid") else 0
    key = f"stetho-ranks-{user}-{parent}-{_birth(parent)}-{port}-{restart}"
    return Path(tempfile.gettempdir()) / key


def _birth(process: int) -> str:
    """When a process began, where the system tells it: numbers of processes are used again."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


class _Added:
    """A small file that the leader writes and the others read, without waiting: added probes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            raise PermissionError(f"the folder {folder}, where ranks meet, is another user's")
        path = folder / "schedule"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, SLOTS * SLOT.size)
            self._map = mmap.mmap(descriptor, SLOTS * SLOT.size)
        finally:
            os.close(descriptor)

    def write(self, step: int) -> None:
        SLOT.pack_into(self._map, step % SLOTS * SLOT.size, step)

    def __contains__(self, step: int) -> bool:
        (written,) = SLOT.unpack_from(self._map, step % SLOTS * SLOT.size)
        return bool(written == step)


class RankSchedule(Schedule):
    """The schedule of one rank: all ranks of a machine probe the same steps.

    Which steps are due follows from their numbers. The probes that an event adds are the leader's
    decision: it writes them down one step ahead. No rank ends a step before all have begun it, so
    the others read in time.
    """

    def __init__(self, before: Schedule, group: Group) -> None:
        super().__init__(before.budget, before.every, before.until)
        vars(self).update(vars(before))  # the account that was kept so far
        self._leads = group.place == 0
        self._shared = _Added(group.folder)

    def wants(self, step: int) -> bool:
        if self._leads:
            ahead = step + 1
            if ahead in self._added:
                self._shared.write(ahead)
            self._added.discard(step)  # it counts only where it was written down a step ago
        return super().wants(step) or (step > 0 and step in self._shared)

    def force(self, step: int) -> None:
        if self._leads:
            super().force(step + 1)

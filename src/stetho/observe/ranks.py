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

from stetho.observe.schedule import DENSE_STEPS, Schedule

MEETING = "STETHO_RANKS"  # environment variable: where the ranks of one launch meet
SLOT = struct.Struct("<q")
SLOTS = 64  # decisions that the leader's file keeps

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


class _Decisions:
    """A small file that the leader writes and the others read, without waiting: step → probed?"""

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

    def tell(self, step: int, probed: bool) -> None:
        SLOT.pack_into(self._map, step % SLOTS * SLOT.size, step << 1 | probed)

    def ask(self, step: int) -> bool:
        (told,) = SLOT.unpack_from(self._map, step % SLOTS * SLOT.size)
        return bool(told == (step << 1 | 1))


class LeadingSchedule(Schedule):
    """Decides one step ahead, and tells it before the step that no rank can end alone."""

    def __init__(self, before: Schedule, group: Group, step: int) -> None:
        super().__init__(before.budget, before.every)
        _continue(self, before)
        self._decisions = _Decisions(group.folder)
        self._next = (step, step < DENSE_STEPS)

    def wants(self, step: int, elapsed: float) -> bool:
        expected, wanted = self._next
        ahead = super().wants(step + 1, elapsed)
        self._decisions.tell(step + 1, ahead)
        self._next = (step + 1, ahead)
        return wanted and expected == step


class FollowingSchedule(Schedule):
    """Does what the leader has told."""

    def __init__(self, before: Schedule, group: Group, step: int) -> None:
        super().__init__(before.budget, before.every)
        _continue(self, before)
        self._decisions = _Decisions(group.folder)
        self._first = step

    def wants(self, step: int, elapsed: float) -> bool:
        if step == self._first:
            return step < DENSE_STEPS
        return self._decisions.ask(step)


def _continue(schedule: Schedule, before: Schedule) -> None:
    """Take over the account that another schedule has kept so far."""
    for name, value in vars(before).items():
        setattr(schedule, name, value)

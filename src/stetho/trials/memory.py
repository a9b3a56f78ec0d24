"""How much memory a trial and its machine have, and a bound on what a trial may take."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

SHORT = 0.04  # part of the machine's memory that must stay available


def limit_growth(size: int) -> None:
    """Let this process grow by so many bytes at most."""
    import resource

    status = Path("/proc/self/status")
    data = 0
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmData"))
        data = int(line.split()[1]) * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (data + size, hard))


def be_the_first_to_go() -> None:
    """Where the machine runs out of memory, the kernel is to end this process before others."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def is_short() -> bool:
    """Whether the machine has hardly any memory left; `False` where it does not say."""
    with suppress(OSError, KeyError, ValueError):
        rows = dict(row.split(":") for row in Path("/proc/meminfo").read_text().splitlines())
        total, free = (int(rows[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
        return free < SHORT * total
    return False


def of_family(process: int) -> int:
    """Pages in memory of a process and all below it; 0 where that is not known."""
    pages = 0
    with suppress(OSError, ValueError):
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages + sum(map(of_family, children_of(process)))


def children_of(process: int) -> list[int]:
    """Linux only."""
    with suppress(OSError):
        return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    return []

"""One trial's process → its end, with all that it has started: nothing outlives it.

    zygote ─ keeper ─ first process of the namespaces ─ trial     where the view is an overlay
    zygote ─ keeper ─ trial                                       where writes are redirected

The keeper stands outside the namespaces, is killed with the zygote, and ends as its trial did. A
trial that kills its parent meets the first process, which the kernel protects, or the keeper.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from stetho.trials.containment import overlay, syscalls
from stetho.trials.memory import be_the_first_to_go, children_of

LINUX = sys.platform.startswith("linux")
STOPPED = 71  # exit code of a keeper whose trial has stopped itself


@dataclass(frozen=True, slots=True)
class Home:
    """What a trial's processes are to live in."""

    scratch: Path  # an empty folder of this trial's own
    folder: str  # working directory of the script
    layered: bool  # in an overlay; else the trial redirects its writes itself
    network: bool = False  # shares the machine's ports


def keep(home: Home, zygote: int, trial: Callable[[], int]) -> NoReturn:
    """Be the keeper: run `trial` in a process below this one, and end as it does."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _no_core()
    be_the_first_to_go()
    if LINUX:
        syscalls.end_with_parent(zygote)
    _end_as(_in_namespaces(home, trial) if home.layered else _by_itself(trial))


def _in_namespaces(home: Home, trial: Callable[[], int]) -> int:
    in_user = overlay.leave_namespaces(network=not home.network)
    reading, writing = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(reading)
        _guarded(lambda: _first(home, writing, in_user, trial))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(first, 0)
    return int(told) if told else status


def _first(home: Home, writing: int, in_user: bool, trial: Callable[[], int]) -> int:
    """The first process: everything else of its namespaces ends with it."""
    syscalls.end_with_parent(0)  # seen from in here, the keeper has no number
    overlay.enter_view(home.scratch, home.folder)
    if not home.network:
        syscalls.loopback_up()
    process = os.fork()
    if process == 0:
        os.close(writing)
        if in_user:
            syscalls.drop_capabilities()
        _guarded(trial)
    os.write(writing, str(_await(process)).encode())
    return 0


def _by_itself(trial: Callable[[], int]) -> int:
    if LINUX:
        syscalls.adopt_orphans()
    keeper = os.getpid()
    process = os.fork()
    if process == 0:
        if LINUX:
            syscalls.end_with_parent(keeper)
        _guarded(trial)
    status = _await(process)
    _end_adopted()
    return status


def _await(process: int) -> int:
    """Wait for one process, and bury all others that end meanwhile; a stop is an end."""
    while True:
        ended, status = os.waitpid(-1, os.WUNTRACED)
        if ended != process:
            continue
        if os.WIFSTOPPED(status):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return STOPPED << 8
        return status


def _end_adopted() -> None:
    """End what the trial has started and left behind."""
    while LINUX and (left := children_of(os.getpid())):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for process in left:
            with suppress(ChildProcessError):
                os.waitpid(process, 0)


def _guarded(act: Callable[[], int]) -> NoReturn:
    """A forked process never returns into the code of its parent."""
    code = 70
    try:
        code = act()
    finally:
        os._exit(code)


def _no_core() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _end_as(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))

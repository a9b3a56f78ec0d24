"""Requests on stdin → trials, each in a process of its own that is forked from this one.

A process that has torch and the script's libraries loaded already is copied in milliseconds, where
a new one takes seconds to load them. Nothing has run in it yet, so that every trial begins alike.
Lines are JSON: `{"load": [modules]}`; `{"end": true}` ends all that runs; or an order
`{"id", "request", "answer", "limit", "folder", "network"}`: a file for the answer, the seconds
after which the trial is ended, the script's working directory, and whether it shares our ports.
`{"id", "status", "ended"}` comes on stdout once that process has ended, with the reason if it was
ended from here. The end of stdin ends everything, and the scratch folder with it.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stetho.trials import trial as forms
from stetho.trials.containment import OVERLAY, REDIRECT, scratch, wanted
from stetho.trials.containment.contained import contained
from stetho.trials.keeper import Home, keep
from stetho.trials.memory import is_short, limit_growth, of_family
from stetho.trials.trial import Outcome, Scouting, refused, to_json, trial_of

TICK = 0.005  # seconds between two looks at the processes
WATCH = 0.25  # seconds between two looks at memory and disk
FAULT = 70  # exit code of a process that could not even answer


@dataclass(slots=True)
class _Child:
    """A keeper that runs."""

    number: int  # of the order
    limit: float  # when it must have ended
    home: Path
    ended: tuple[str, str] | None = None  # status and reason, where it was ended from here


@dataclass(slots=True, kw_only=True)
class Zygote:
    """Forks trials, and watches over them."""

    scratch: Path
    least_free: int  # bytes of disk that trials must leave free
    children: dict[int, _Child] = field(default_factory=dict)
    layered: bool | None = None  # found out before the first trial
    watched: float = 0.0  # when memory and disk were last looked at

    def serve(self) -> int:
        """Until stdin ends."""
        waiting = b""
        while True:
            if select.select([0], [], [], TICK if self.children else None)[0]:
                data = os.read(0, 65536)
                if not data:
                    self._end_all()
                    return 0
                *lines, waiting = (waiting + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            self._reap()
            self._watch()

    def _obey(self, order: dict[str, Any]) -> None:
        if "load" in order:
            for name in order["load"]:
                _load(name)
        elif "end" in order:
            for process, child in self.children.items():
                self._end(process, child, (forms.TIMED_OUT, "the budget ran out"))
        else:
            self._fork(order)

    def _fork(self, order: dict[str, Any]) -> None:
        if self.layered is None:
            self.layered = self._finds_layers(order["folder"])
            print(json.dumps({"containment": OVERLAY if self.layered else REDIRECT}), flush=True)
        limit = order.get("limit")
        home = self.scratch / f"trial{order['id']}"
        home.mkdir()
        answer = os.open(order["answer"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        request, redirected = order["request"], None if self.layered else home
        kept = Home(home, order["folder"], self.layered, order["network"])
        process = self._keeper(kept, lambda: _trial(request, answer, redirected))
        os.close(answer)
        until = time.monotonic() + limit if limit is not None else float("inf")
        self.children[process] = _Child(order["id"], until, home)

    def _keeper(self, home: Home, act: Callable[[], int]) -> int:
        zygote = os.getpid()
        process = os.fork()
        if process == 0:
            try:
                nowhere = os.open(os.devnull, os.O_RDWR)
                for stream in (0, 1, 2):
                    os.dup2(nowhere, stream)
                keep(home, zygote, act)
            finally:
                os._exit(FAULT)
        return process

    def _finds_layers(self, folder: str) -> bool:
        """Whether a process may have a view of its own here: one tries, in the script's folder."""
        if wanted() is not None:
            return wanted() == OVERLAY
        home = self.scratch / "first"
        home.mkdir()
        process = self._keeper(Home(home, folder, True), lambda: _try_view(folder, home.name))
        _, status = os.waitpid(process, 0)
        scratch.remove(home)
        return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0

    def _reap(self) -> None:
        for process, child in list(self.children.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                del self.children[process]
                _kill_group(process)  # what the script itself has started
                scratch.remove(child.home)
                row = {"id": child.number, "status": status, "ended": child.ended}
                print(json.dumps(row), flush=True)
            elif time.monotonic() > child.limit:
                self._end(process, child, (forms.TIMED_OUT, "it stopped taking steps"))

    def _watch(self) -> None:
        """End the largest trial where the machine runs out of memory, or the disk gets full."""
        now = time.monotonic()
        if not self.children or now - self.watched < WATCH:
            return
        self.watched = now
        if is_short():
            process = max(self.children, key=of_family)
            why = "the machine ran out of memory, and this trial held most"
            self._end(process, self.children[process], (forms.OUT_OF_MEMORY, why))
        room = os.statvfs(self.scratch)
        if room.f_bavail * room.f_frsize < self.least_free:
            process = max(self.children, key=lambda one: _size(self.children[one].home))
            why = f"it wrote more than the disk of {self.scratch.parent} has room for"
            self._end(process, self.children[process], (forms.KILLED, why))

    def _end(self, process: int, child: _Child, why: tuple[str, str]) -> None:
        child.ended = child.ended or why
        _kill_group(process)

    def _end_all(self) -> None:
        for process in self.children:
            _kill_group(process)
        for process in self.children:
            with suppress(ChildProcessError):
                os.waitpid(process, 0)
        scratch.remove(self.scratch)


def _load(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception:  # the script will meet it, or not
        pass


def _kill_group(process: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)  # one that has not come to lead its group yet


def _size(folder: Path) -> int:
    """Bytes below a folder."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
    return total


# -- in the new process ----------------------------------------------------------------------------


def _try_view(folder: str, name: str) -> int:
    """0 if a file that is written in the view cannot be seen from outside of it."""
    if os.access(folder, os.W_OK):
        file = Path(folder) / f".stetho-{name}-{os.getpid()}"
        file.write_text("seen in the view alone")
        file.replace(file.with_suffix(".moved"))
    return 0


def _trial(request: dict[str, Any], answer: int, home: Path | None) -> int:
    """Write the answer to a request; `home` is where its writes go, unless a view sees to that."""
    code = 0
    try:
        text = to_json(perform(request, home))
    except BaseException:
        text, code = json.dumps({"fault": traceback.format_exc()}), FAULT
    with os.fdopen(answer, "w") as file:
        file.write(text)
    return code


def perform(request: dict[str, Any], home: Path | None = None) -> Outcome | Scouting:
    """A request as it was sent → its answer."""
    from stetho.trials.worker import run_trial, scout

    trial = trial_of(request["trial"])
    if trial.memory is not None:
        limit_growth(trial.memory)

    def run() -> Outcome | Scouting:
        if "candidates" in request:
            return scout(trial, request["candidates"], request["replace"], request["patterns"])
        return run_trial(trial)

    if home is None:
        return run()
    with contained(home, trial.script.folder, for_good=True) as watch:
        answer = run()
    if isinstance(answer, Scouting):
        return refused(replace(answer, alone=watch.port), watch.refusal)
    return refused(answer, watch.refusal)


if __name__ == "__main__":
    # What every trial needs: torch loads its compiler with the first optimizer, in seconds.
    import torch._dynamo  # noqa: F401

    import stetho.trials.worker  # noqa: F401

    where, least_free = sys.argv[1:]
    sys.exit(Zygote(scratch=Path(where), least_free=int(least_free)).serve())

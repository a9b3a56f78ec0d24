"""Requests on stdin → trials, each in a process of its own that is forked from this one.

A process that has torch and the script's libraries loaded already is copied in milliseconds, where
a new one takes seconds to load them. Nothing has run in it yet, so that every trial begins alike.
Lines are JSON: `{"load": [modules]}`, or `{"id", "request", "answer"}` with two file names; the
answer `{"id", "status"}` comes on stdout once that process has ended. The end of stdin ends all.
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
from pathlib import Path
from typing import Any

from stetho.trials.trial import Outcome, Scouting, to_json, trial_of

PATIENCE = 30.0  # seconds beyond its limit after which a trial that takes no step is ended
TICK = 0.005  # seconds between two looks at the processes
FAULT = 70  # exit code of a process that could not even answer


def main() -> int:
    """Serve until stdin ends."""
    children: dict[int, tuple[int, float]] = {}  # process → (id, when it must have ended)
    waiting = b""
    while True:
        if select.select([0], [], [], TICK if children else None)[0]:
            data = os.read(0, 65536)
            if not data:
                _end_all(children)
                return 0
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                _serve(json.loads(line), children)
        _reap(children)


def _serve(order: dict[str, Any], children: dict[int, tuple[int, float]]) -> None:
    if "load" in order:
        for name in order["load"]:
            _load(name)
        return
    seconds = order.get("seconds")
    limit = time.monotonic() + (seconds + PATIENCE if seconds else float("inf"))
    process = os.fork()
    if process == 0:
        _run(order)
    children[process] = (order["id"], limit)


def _load(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception:  # the script will meet it, or not
        pass


def _reap(children: dict[int, tuple[int, float]]) -> None:
    for process, (number, limit) in list(children.items()):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            del children[process]
            _kill_group(process)  # what the script itself has started
            print(json.dumps({"id": number, "status": status}), flush=True)
        elif time.monotonic() > limit:
            _kill_group(process)


def _end_all(children: dict[int, tuple[int, float]]) -> None:
    for process in children:
        _kill_group(process)


def _kill_group(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


# -- in the new process ----------------------------------------------------------------------------


def _run(order: dict[str, Any]) -> None:
    """Never comes back."""
    code = 0
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        request = json.loads(Path(order["request"]).read_text())
        _write(Path(order["answer"]), to_json(perform(request)))
    except BaseException:
        _write(Path(order["answer"]), json.dumps({"fault": traceback.format_exc()}))
        code = FAULT
    os._exit(code)


def perform(request: dict[str, Any]) -> Outcome | Scouting:
    """A request as it was sent → its answer."""
    from stetho.trials.worker import run_trial, scout

    trial = trial_of(request["trial"])
    if trial.memory is not None:
        _limit_memory(trial.memory)
    if "candidates" in request:
        return scout(trial, request["candidates"], request["replace"], request["patterns"])
    return run_trial(trial)


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    part = file.with_suffix(".part")
    part.write_text(text)
    part.replace(file)


def _limit_memory(size: int) -> None:
    """Let this process grow by so many bytes at most."""
    import resource

    status = Path("/proc/self/status")
    data = 0
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmData"))
        data = int(line.split()[1]) * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (data + size, hard))


if __name__ == "__main__":
    # What every trial needs: torch loads its compiler with the first optimizer, in seconds.
    import torch._dynamo  # noqa: F401

    import stetho.trials.worker  # noqa: F401

    sys.exit(main())

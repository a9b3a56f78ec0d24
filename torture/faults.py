"""Every function of ours that a watched run calls, made to fail in turn → the training goes on.

What is asked: output and exit code as plainly, the fault told once, and a verdict that says that it
is incomplete (or that there is none).
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from torture.rows import Row
from torture.subject import environment, write_script

NAME = "faults"
ROOMS = ("observe", "summarise", "store", "running", "diagnose", "report", "integrations", "api")
STEPS = "40"
PATIENCE = 60
WORKERS = 2
# The outermost frames, which contain what they call.
OUTERMOST = (
    "stetho.api.run_script",
    "stetho.running.script.run",
    # By which a fault is told, and contained where the script's exit code must pass through.
    "stetho.running.telling.Careful.__init__",
    "stetho.running.telling.Careful.attempt",
    "stetho.running.telling.Careful._open",
    "stetho.observe.on_import.AfterImport.find_spec",
    "stetho.observe.guard.Guard.__enter__",
    "stetho.observe.guard.Guard.__exit__",
    "stetho.observe.module_calls._before",
    "stetho.observe.module_calls._after",
)


class Injected(RuntimeError):
    """A fault that was put in."""


# -- in the process that runs the script -----------------------------------------------------------


class Switch:
    """Counts calls of functions, and makes the `at`-th one of one of them fail."""

    def __init__(self, name: str = "", at: int = 0) -> None:
        self.counts: dict[str, int] = {}
        self._name, self._at = name, at
        self.done = False

    def called(self, name: str) -> None:
        self.counts[name] = count = self.counts.get(name, 0) + 1
        if name == self._name and count == self._at:
            self.done = True
            raise Injected(f"injected into {name}")


def functions() -> Iterator[tuple[str, FunctionType]]:
    """Every function and method of the rooms that are at work while a script runs."""
    import stetho

    for found in pkgutil.walk_packages(stetho.__path__, "stetho."):
        if found.name.split(".")[1] in ROOMS and ".rules" not in found.name:
            yield from _functions_of(importlib.import_module(found.name))


def _functions_of(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, FunctionType):
            yield f"{module.__name__}.{name}", value
        if isinstance(value, type):
            for key, part in list(vars(value).items()):
                inner = getattr(part, "fget", None) or getattr(part, "__func__", None) or part
                if isinstance(inner, FunctionType):
                    yield f"{module.__name__}.{name}.{key}", inner


def put_in(switch: Switch) -> None:
    """Let every function tell the switch that it is called, whoever holds it."""
    for name, function in functions():
        original = function.__code__
        if original.co_name in ("__new__", "_generate_next_value_", "entered"):
            continue  # of enumerations; of `guard.entry`
        if name in OUTERMOST:
            continue
        looks_up = "_getframe" in original.co_names  # at its callers, which must be its own
        if original.co_freevars or looks_up or original.co_filename.startswith("<"):
            continue
        copy = FunctionType(
            original, function.__globals__, function.__name__, function.__defaults__
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        function.__code__ = _telling.__code__
        function.__kwdefaults__ = {"_switch": switch, "_name": name, "_copy": copy}
        function.__defaults__ = None


def _telling(
    *args: Any, _switch: Any = None, _name: Any = None, _copy: Any = None, **kw: Any
) -> Any:
    _switch.called(_name)
    return _copy(*args, **kw)


def serve() -> None:
    """Jobs from stdin, a JSON line each: run in a fork, answered with what came of it."""
    for _ in functions():
        pass
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setsid()
            signal.alarm(PATIENCE)
            _perform(**job)
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _perform(script: str, folder: str, name: str, at: int) -> None:
    from stetho.cli import main

    os.chdir(folder)
    for number, file in ((1, "out"), (2, "err")):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
    switch = Switch(name, at)
    put_in(switch)
    sys.argv = ["stetho", "run", "--every", "1", "-o", "run.stetho", script, STEPS]
    code = 99
    try:
        code = main()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        sys.stdout.flush()
        sys.stderr.flush()
        Path("told.json").write_text(json.dumps([switch.done, switch.counts]))
        os._exit(code)


# -- in the process that compares ------------------------------------------------------------------


def run(scale: float, seed: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        script = write_script(folder)
        servers = [_server() for _ in range(WORKERS)]
        code, out, err, _, counts = _one(servers[0], script, folder / "whole", "", 0)
        if code or "No fault was found" not in " ".join(err.split()):
            what = "a run without a fault"
            return [Row(what=what, tried=1, fine=0, note=f"{code}: {err[-300:]}")]
        jobs = [(one, at) for one, count in counts.items() for at in sorted({1, (count + 1) // 2})]
        jobs = jobs[seed % max(1, round(1 / scale)) :: max(1, round(1 / scale))]

        def work(place: int) -> list[str]:
            server = servers[place]
            faults = []
            for number in range(place, len(jobs), WORKERS):
                called, at = jobs[number]
                ended = _one(server, script, folder / str(number), called, at)
                fault = _wrong(out, *ended[:4])
                faults.append(f"{called} at call {at}: {fault}" if fault else "")
            return faults

        with ThreadPoolExecutor(WORKERS) as pool:
            found = [fault for part in pool.map(work, range(WORKERS)) for fault in part]
        for server in servers:
            server.communicate()
    wrong = [fault for fault in found if fault]
    what = (
        f"faults injected: {len(counts)} functions of a watched run, at their first and middle call"
    )
    return [
        Row(what=what, tried=len(found), fine=len(found) - len(wrong), note="; ".join(wrong[:40]))
    ]


def _wrong(plain: str, code: int, out: str, err: str, done: bool) -> str:
    if not done:
        return ""  # it was not called so often this time
    told = " ".join(err.split())
    if code == 2 and not out:
        return "" if "injected into" in told else f"refused without a reason: {told[-200:]}"
    if code or out != plain:
        return f"exit code {code}, output {out[-60:]!r}: {told[-300:]}"
    if "injected into" not in told:
        return f"not told: {told[-200:]}"
    if told.count("Traceback (most recent call last)") > 1:
        return "told more than once"
    said = ("incomplete", "No verdict", "No diagnosis", "stetho failed", "of the report failed")
    incomplete = any(words in told for words in said)
    return "" if incomplete else f"the verdict does not say that it is incomplete: {told[:200]}"


def _server() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "torture.faults"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )


def _one(
    server: subprocess.Popen[str], script: Path, place: Path, name: str, at: int
) -> tuple[int, str, str, bool, dict[str, int]]:
    place.mkdir()
    assert server.stdin is not None
    assert server.stdout is not None
    job = {"script": str(script), "folder": str(place), "name": name, "at": at}
    server.stdin.write(json.dumps(job) + "\n")
    server.stdin.flush()
    code = json.loads(server.stdout.readline())
    told = place / "told.json"
    done, counts = json.loads(told.read_text()) if told.exists() else (True, {})
    return code, (place / "out").read_text(), (place / "err").read_text(), done, counts


if __name__ == "__main__":
    serve()

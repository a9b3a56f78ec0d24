"""Requests, one JSON line each → processes that have torch loaded already, forked from this one.

Run as `python server.py`. A request is `{"script", "way", "folder", "out", "err", "options"}`; the
answer is one line with the exit code, or null if the process took longer than PATIENCE seconds.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

PATIENCE = 60.0
# What stetho and torch load sooner or later in nearly every training.
LOADED = (
    "numpy",
    "torch",
    "torch._dynamo",
    "torch.export",
    "torch.func",
    "stetho.cli",
    "stetho.api",
    "stetho.running.children",
    "stetho.observe.observer",
    "stetho.running.script",
    "stetho.summarise.recorder",
    "stetho.integrations.keras",
    "stetho.report.terminal",
)


def serve() -> None:
    """Answer requests until stdin ends."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request)
            _leave(_run(request))
        print(json.dumps(_code_of(child)), flush=True)


def _code_of(child: int) -> int | None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _become(request: dict[str, Any]) -> None:
    """Be a process of its own, with its own folder, streams and temporary folder."""
    os.setsid()
    os.chdir(request["folder"])
    os.environ["TMPDIR"] = request["scratch"]
    for number, name in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        file = os.open(name, flags, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = sys.__stdout__ = _stream(1)
    sys.stderr = sys.__stderr__ = _stream(2, errors="backslashreplace", line_buffering=True)


def _stream(number: int, **options: Any) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding="utf-8", **options)


def _leave(code: int) -> NoReturn:
    """End as Python does, except for taking apart the modules that the server has loaded."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


def _run(request: dict[str, Any]) -> int:
    script = request["script"]
    if request["way"] == "watched":
        from stetho.cli import main

        sys.argv = ["stetho", "run", *request["options"], script]
        return main()
    sys.argv = [script]
    sys.path[0] = str(Path(script).parent)
    return _plainly(script)


def _plainly(script: str) -> int:
    """As `python script` does, and with tracebacks that begin in it."""
    module = ModuleType("__main__")
    module.__file__ = script
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules["__main__"] = module
    try:
        exec(compile(Path(script).read_text(), script, "exec"), module.__dict__)
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        print(leaving.code, file=sys.stderr)
        return 1
    except BaseException as error:
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    finally:
        module.__dict__.pop("__file__", None)
    return 0


if __name__ == "__main__":
    for name in LOADED:
        __import__(name)
    gc.collect()
    gc.freeze()  # a script counts what it has made itself, and quickly
    serve()

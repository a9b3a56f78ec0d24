"""Trials → outcomes, each in a process of its own on this machine, with one thread each."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stetho.errors import UsageError
from stetho.trials import trial as forms
from stetho.trials.engine import AbstractEngine, Errand
from stetho.trials.trial import Outcome, Scouting, Trial, outcome_of, scouting_of

# Two OpenMP threads beside another busy process made small networks 5 to 25 times slower.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}


class Processes(AbstractEngine):
    """As many trials at a time as there are cores, forked from a process with all libraries."""

    def __init__(self, workers: int | None = None) -> None:
        if not hasattr(os, "fork"):
            raise UsageError(
                "expected a system that can fork processes, which this one cannot; use "
                "--engine local"
            )
        self.workers = workers or cores()
        self._folder = tempfile.TemporaryDirectory(prefix="stetho-")
        self._zygote: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._ended: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0

    # -- the contract --------------------------------------------------------------------------

    def scout(self, errand: Errand) -> Scouting:
        row = asdict(errand)
        self._send(row, errand.trial.seconds)
        answer = self._answer(self._next())
        if "outcome" in answer:
            return scouting_of(answer)
        return Scouting(outcome_of(answer))

    def prepare(self, modules: Sequence[str]) -> None:
        self._order({"load": list(modules)})

    def run(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Outcome]]:
        waiting = list(reversed(trials))
        running: dict[int, Trial] = {}
        while waiting or running:
            while waiting and len(running) < self.workers:
                trial = waiting.pop()
                running[self._send({"trial": asdict(trial)}, trial.seconds)] = trial
            ended = self._next()
            trial = running.pop(ended["id"])
            yield trial, outcome_of(self._answer(ended))

    def close(self) -> None:
        if self._zygote is not None and self._zygote.stdin is not None:
            self._zygote.stdin.close()
            self._zygote.wait(timeout=10)
            if self._listener is not None:
                self._listener.join(timeout=10)
            self._zygote = None
        self._folder.cleanup()

    # -- the zygote ----------------------------------------------------------------------------

    def _order(self, order: dict[str, Any]) -> None:
        if self._zygote is None:
            self._zygote = subprocess.Popen(
                [sys.executable, "-m", "stetho.trials.zygote"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**SETTINGS, **os.environ, **{"OMP_NUM_THREADS": "1"}},
                start_new_session=True,  # Ctrl-C is ours to answer
            )
            self._listener = threading.Thread(
                target=self._listen, args=(self._zygote,), daemon=True
            )
            self._listener.start()
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
        self._zygote.stdin.flush()

    def _listen(self, zygote: subprocess.Popen[bytes]) -> None:
        assert zygote.stdout is not None
        with zygote.stdout:
            for line in zygote.stdout:
                self._ended.put(json.loads(line))
        self._ended.put(None)

    def _send(self, request: dict[str, Any], seconds: float | None) -> int:
        self._number += 1
        file = self._file(self._number, "request")
        file.write_text(json.dumps(request))
        answer = self._file(self._number, "answer")
        self._order(
            {
                "id": self._number,
                "request": str(file),
                "answer": str(answer),
                "seconds": seconds,
            }
        )
        return self._number

    def _file(self, number: int, kind: str) -> Path:
        return Path(self._folder.name) / f"{number}.{kind}"

    def _next(self) -> dict[str, Any]:
        ended = self._ended.get()
        if ended is None:
            raise RuntimeError("the process that trials are forked from has ended")
        return ended

    def _answer(self, ended: dict[str, Any]) -> dict[str, Any]:
        """What a process that has ended left: its answer, or the reason why there is none."""
        file = self._file(ended["id"], "answer")
        self._file(ended["id"], "request").unlink(missing_ok=True)
        if not file.exists():
            return {"status": forms.KILLED, "why": _cause_of_death(ended["status"])}
        answer: dict[str, Any] = json.loads(file.read_text())
        file.unlink()
        if "fault" in answer:
            return {"status": forms.RAISED, "why": f"a fault of stetho: {answer['fault']}"}
        return answer


def _cause_of_death(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"its process was ended by signal {number} ({signal.Signals(number).name})"
    return f"its process left without an answer, with exit code {os.waitstatus_to_exitcode(status)}"


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""Trials → outcomes, each in a process of its own on this machine, with one thread each."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from stetho.errors import StethoError, UsageError
from stetho.trials import containment
from stetho.trials import trial as forms
from stetho.trials.containment.scratch import Scratch
from stetho.trials.engine import PATIENCE, AbstractEngine, Errand
from stetho.trials.keeper import STOPPED
from stetho.trials.trial import Outcome, Scouting, Trial, outcome_of, scouting_of

# Two OpenMP threads beside another busy process made small networks 5 to 25 times slower.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "WANDB_MODE": "offline",  # a race is no experiment of its author's
}
FAILED = (forms.RAISED, forms.KILLED)
GONE = (
    "the process that trials are forked from has ended, which only something outside of the race "
    "can have done; go on by `stetho choose --resume FILE`"
)


class Processes(AbstractEngine):
    """As many trials at a time as there are cores, forked from a process with all libraries."""

    def __init__(self, workers: int | None = None) -> None:
        if not hasattr(os, "fork"):
            raise UsageError(
                "expected a system that can fork processes, which this one cannot; use "
                "--engine local"
            )
        containment.wanted()
        self.workers = workers or cores()
        self._scratch: Scratch | None = None
        self._zygote: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._ended: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        self._modules: tuple[str, ...] = ()
        self._network = False  # trials have ports of their own, and no others
        self.containment = ""  # how trials are kept from the user's files, once one has run

    # -- the contract --------------------------------------------------------------------------

    def scout(self, errand: Errand) -> Scouting:
        found = self._look(errand)
        if self.containment == containment.OVERLAY and found.outcome.status in FAILED:
            self._network = True  # that may be what it lacks
            again = self._look(errand)
            self._network = again.outcome.status not in FAILED
            found = replace(again, network=True) if self._network else found
        return found

    def _look(self, errand: Errand) -> Scouting:
        self._send(errand.trial, asdict(errand), None)
        ended = self._next(None)
        assert ended is not None
        answer = self._answer(ended)
        if "outcome" in answer:
            return scouting_of(answer)
        return Scouting(outcome=outcome_of(answer))

    def prepare(self, scouting: Scouting) -> None:
        self._modules, self._network = scouting.modules, scouting.network
        if scouting.alone:
            self.workers = 1
        if self._zygote is not None:
            self._order({"load": list(self._modules)})

    def run(
        self, trials: Sequence[Trial], seconds: float | None = None
    ) -> Iterator[tuple[Trial, Outcome]]:
        until = None if seconds is None else time.monotonic() + seconds
        waiting = list(reversed(trials))
        running: dict[int, Trial] = {}
        while waiting or running:
            while waiting and len(running) < self.workers:
                trial = waiting.pop()
                running[self._send(trial, {"trial": asdict(trial)}, until)] = trial
            ended = self._next(until)
            if ended is None:  # no time is left
                self._abandon(running)
                return
            trial = running.pop(ended["id"])
            yield trial, outcome_of(self._answer(ended))

    def close(self) -> None:
        if self._zygote is not None and self._zygote.stdin is not None:
            with suppress(OSError):
                self._zygote.stdin.close()
            try:
                self._zygote.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._zygote.kill()  # its trials end with it
                self._zygote.wait()
            if self._listener is not None:
                self._listener.join(timeout=10)
            self._zygote = None
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None

    # -- the zygote ----------------------------------------------------------------------------

    def _start(self) -> None:
        self._scratch = Scratch()
        where = [str(self._scratch.path), str(self._scratch.least_free)]
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "stetho.trials.zygote", *where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**SETTINGS, **os.environ, **{"OMP_NUM_THREADS": "1"}},
            start_new_session=True,  # Ctrl-C is ours to answer
        )
        self._listener = threading.Thread(target=self._listen, args=(self._zygote,), daemon=True)
        self._listener.start()
        if self._modules:
            self._order({"load": list(self._modules)})

    def _order(self, order: dict[str, Any]) -> None:
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        try:
            self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
            self._zygote.stdin.flush()
        except OSError:
            raise StethoError(GONE) from None

    def _listen(self, zygote: subprocess.Popen[bytes]) -> None:
        assert zygote.stdout is not None
        with zygote.stdout:
            for line in zygote.stdout:
                told = json.loads(line)
                if "containment" in told:
                    self.containment = told["containment"]
                else:
                    self._ended.put(told)
        self._ended.put(None)

    def _send(self, trial: Trial, request: dict[str, Any], until: float | None) -> int:
        if self._zygote is None:
            self._start()
        self._number += 1
        limit = None if trial.seconds is None else trial.seconds + PATIENCE
        answer = str(self._file(self._number))
        self._order(
            {
                "id": self._number,
                "request": request,
                "answer": answer,
                "limit": limit,
                "folder": trial.script.folder or os.getcwd(),
                "network": self._network,
            }
        )
        return self._number

    def _file(self, number: int) -> Path:
        assert self._scratch is not None
        return self._scratch.path / f"{number}.answer"

    def _next(self, until: float | None) -> dict[str, Any] | None:
        """The next trial that has ended; None if none has until then."""
        left = None if until is None else max(0.0, until - time.monotonic())
        try:
            ended = self._ended.get(timeout=left)
        except queue.Empty:
            return None
        if ended is None:
            raise StethoError(GONE)
        return ended

    def _abandon(self, running: dict[int, Trial]) -> None:
        """End trials whose outcomes nobody waits for any more."""
        self._order({"end": True})
        while running:
            ended = self._next(None)
            assert ended is not None
            running.pop(ended["id"])
            self._file(ended["id"]).unlink(missing_ok=True)

    def _answer(self, ended: dict[str, Any]) -> dict[str, Any]:
        """What a process that has ended left: its answer, or the reason why there is none."""
        file = self._file(ended["id"])
        text = file.read_text() if file.exists() else ""
        file.unlink(missing_ok=True)
        try:
            answer: dict[str, Any] = json.loads(text)
        except ValueError:  # none, or cut off
            status, why = ended["ended"] or (forms.KILLED, _cause_of_death(ended["status"]))
            return {"status": status, "why": why}
        if "fault" in answer:
            return {"status": forms.RAISED, "why": f"a fault of stetho: {answer['fault']}"}
        return answer


def _cause_of_death(status: int) -> str:
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == STOPPED:
        return "its process stopped itself, and would never have gone on"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"its process was ended by signal {number} ({signal.Signals(number).name})"
    return f"its process left without an answer, with exit code {os.waitstatus_to_exitcode(status)}"


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

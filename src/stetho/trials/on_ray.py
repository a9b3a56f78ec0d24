"""Trials → outcomes, on a Ray cluster or on a Ray of this machine.

A Ray worker forks its trials from a process of its own, as `Processes` does, so that each begins in
a state as if it were the first. A worker that dies in a trial is made good: Ray runs it again.
"""

from __future__ import annotations

import atexit
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from stetho.errors import UsageError
from stetho.trials.engine import AbstractEngine, Errand
from stetho.trials.processes import SETTINGS, Processes
from stetho.trials.trial import (
    Outcome,
    Scouting,
    Trial,
    outcome_of,
    scouting_of,
    to_json,
    trial_of,
)

RETRIES = 3  # times that a trial whose worker died is run again


class OnRay(AbstractEngine):
    """As many trials at a time as the cluster has cores. The script must be there on each node."""

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        try:
            import ray
        except ImportError:
            raise UsageError(
                "expected Ray to be installed for --engine ray, but it is not; "
                "pip install 'stetho[ray]'"
            ) from None
        self._ray: Any = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            ray.init(
                address=address,
                num_cpus=workers if address is None else None,
                runtime_env={"env_vars": SETTINGS},
                log_to_driver=False,
                include_dashboard=False if address is None else None,
                logging_level=logging.ERROR,
            )
        self.workers = workers or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self._scouting = to_json(Scouting(outcome=Outcome()))
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)
        self._run = remote(run_in_worker)
        self._scout = remote(scout_in_worker)

    def scout(self, errand: Errand) -> Scouting:
        answer = self._ray.get(self._scout.remote(json.dumps(asdict(errand))))
        return scouting_of(json.loads(answer))

    def prepare(self, scouting: Scouting) -> None:
        self._scouting = to_json(replace(scouting, outcome=Outcome(), places=(), ways={}))

    def run(
        self, trials: Sequence[Trial], seconds: float | None = None
    ) -> Iterator[tuple[Trial, Outcome]]:
        until = None if seconds is None else time.monotonic() + seconds
        running = {self._run.remote(to_json(trial), self._scouting): trial for trial in trials}
        while running:
            left = None if until is None else max(0.0, until - time.monotonic())
            done, _ = self._ray.wait(list(running), timeout=left)
            if not done:
                for waiting in running:
                    self._ray.cancel(waiting, force=True)  # its zygote ends with the worker
                return
            ended = done[0]
            yield running.pop(ended), outcome_of(json.loads(self._ray.get(ended)))

    def close(self) -> None:
        if self._ours and self._ray.is_initialized():
            self._ray.shutdown()


# -- in a Ray worker -------------------------------------------------------------------------------

_here: dict[str, Processes] = {}  # a worker serves many trials with one zygote


def run_in_worker(trial: str, scouting: str) -> str:
    """One trial's JSON, and what the engine must know of its script → its outcome's JSON."""
    if scouting not in _here:
        _here[scouting] = Processes(workers=1)
        atexit.register(_here[scouting].close)
        _here[scouting].prepare(scouting_of(json.loads(scouting)))
    ((_, outcome),) = _here[scouting].run([trial_of(json.loads(trial))])
    return to_json(outcome)


def scout_in_worker(errand: str) -> str:
    """One errand's JSON → what the scout found."""
    row = json.loads(errand)
    row["trial"] = trial_of(row["trial"])
    row["candidates"], row["patterns"] = tuple(row["candidates"]), tuple(row["patterns"])
    with Processes(workers=1) as engine:
        return to_json(engine.scout(Errand(**row)))

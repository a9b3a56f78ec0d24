"""A case → its run file and what became of the training; kept, so that a stop costs nothing."""

from __future__ import annotations

import json
import multiprocessing
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch

import stetho
from zoo.cases import SEEDS, Case, cases
from zoo.training import Training

Task = TypeVar("Task")
Result = TypeVar("Result")
HERE = Path(__file__).parent
RUNS = HERE / ".runs"  # run files: not committed, made again by `python -m zoo run`
OUTCOMES = RUNS / "outcomes.jsonl"
EVERY = 10  # probes at 0, 1, 10, 11, 20, …: the same on any machine, however busy


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of one case."""

    case: Case
    seed: int = 0
    batches: float = 1.0  # factor of the batch size

    @property
    def name(self) -> str:
        return f"{self.case.name}@{self.seed}x{self.batches:g}"

    @property
    def file(self) -> Path:
        return RUNS / f"{self.name}.stetho"

    def training(self) -> Training:
        batch = max(2, round(self.case.spec.batch * self.batches))
        return Training.of(replace(self.case.spec, batch=batch), self.seed)


def trials() -> Iterator[Trial]:
    """Each case once; then those that are repeated, on other seeds and batch sizes."""
    for case in cases():
        yield Trial(case)
    for case in cases():
        if case.repeated:
            yield from (Trial(case, seed) for seed in SEEDS[1:])
            yield from (Trial(case, batches=factor) for factor in (0.5, 2.0))


def outcomes() -> dict[str, float]:
    """Skill by name of trial, of those that were run."""
    if not OUTCOMES.exists():
        return {}
    rows = map(json.loads, OUTCOMES.read_text().splitlines())
    return {row["trial"]: row["skill"] for row in rows}


def run(only: str = "", jobs: int = 1) -> None:
    """Run what has not been run, `jobs` at a time; `only`: names that contain it."""
    RUNS.mkdir(exist_ok=True)
    (RUNS / ".gitignore").write_text("*\n")
    done = outcomes()
    missing = [trial for trial in trials() if trial.name not in done and only in trial.name]
    for trial, skill in side_by_side(one, missing, jobs):
        with OUTCOMES.open("a") as stream:
            stream.write(json.dumps({"trial": trial.name, "skill": round(skill, 4)}) + "\n")
        print(f"{trial.name}: {skill:.2f}", flush=True)


def side_by_side(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, in their order; `jobs` processes of one thread each."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawned, torch.set_num_threads, (1,)) as pool:
        yield from zip(tasks, pool.map(work, tasks), strict=True)


def one(trial: Trial) -> float:
    """Train under watch; the run file stays. Gives the skill that the network has in the end."""
    training = trial.training()
    trial.file.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some faults are warned of by torch, which is right
        with stetho.watch(
            training.model, training.optimizer, every=EVERY, file=trial.file
        ) as watched:
            training.run()
    for fault in watched.result.run.faults:
        raise RuntimeError(f"{trial.name}: {fault}")
    return training.skill()


def described(case: Case) -> dict[str, object]:
    """A case as plain values, for the results."""
    return {"case": case.name, "base": case.base, "half": case.half, **asdict(case.spec)}

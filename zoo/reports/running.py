"""A case → what became of it, trained plainly; and a run file, trained under stetho."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from zoo.reports.table import FORMS, HERE, SEEDS, Report

RUNS = HERE / ".runs"  # run files: not committed, made again by `python -m zoo reports run`
OUTCOMES = HERE / "outcomes.jsonl"
LIMIT = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of one form of a case."""

    report: Report
    form: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.report.name}-{self.form}@{self.seed}"

    @property
    def file(self) -> Path:
        return RUNS / f"{self.name}.stetho"

    @property
    def arguments(self) -> list[str]:
        return [str(self.report.script), self.form, str(self.seed)]


def trials(cases: Iterable[Report], seeds: Iterable[int] = SEEDS) -> list[Trial]:
    seeds = tuple(seeds)
    return [Trial(one, form, seed) for one in cases for form in FORMS for seed in seeds]


def outcomes() -> dict[str, float]:
    """Skill by name of trial, of those that were trained."""
    if not OUTCOMES.exists():
        return {}
    rows = map(json.loads, OUTCOMES.read_text(encoding="utf-8").splitlines())
    return {row["trial"]: row["skill"] for row in rows}


def run(cases: list[Report], jobs: int = 1) -> None:
    """Train plainly what has no outcome."""
    known = outcomes()
    missing = [trial for trial in trials(cases) if trial.name not in known]
    for trial, skill in _side_by_side(missing, jobs):
        known[trial.name] = skill
        keep(known)
        print(f"{trial.name}: {skill:.2f}", flush=True)


def keep(known: dict[str, float]) -> None:
    rows = [json.dumps({"trial": name, "skill": known[name]}) for name in sorted(known)]
    OUTCOMES.write_text("\n".join(rows) + "\n", encoding="utf-8")


def _side_by_side(todo: list[Trial], jobs: int) -> Iterator[tuple[Trial, float]]:
    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(todo, pool.map(plain, todo), strict=True)


def plain(trial: Trial) -> float:
    """Train without stetho; the skill, which the script prints last."""
    done = _python([], trial)
    if done.returncode:
        raise RuntimeError(f"{trial.name}: {done.stderr[-2000:]}")
    return skill_of(done.stdout)


def skill_of(output: str) -> float:
    """The number of the last line `skill …`. An output without one raises ValueError."""
    lines = [line for line in output.splitlines() if line.startswith("skill ")]
    if not lines:
        raise ValueError("the script printed no line that begins with 'skill'")
    return float(lines[-1].split()[1])


def watch(cases: list[Report], jobs: int = 1, again: bool = False) -> None:
    """Train under stetho, first seed, what has no run file; `again`: all of them."""
    RUNS.mkdir(exist_ok=True)
    (RUNS / ".gitignore").write_text("*\n")
    todo = [one for one in trials(cases, SEEDS[:1]) if again or not one.file.exists()]
    with ThreadPoolExecutor(jobs) as pool:
        for trial, _ in zip(todo, pool.map(watched, todo), strict=True):
            print(f"{trial.name}: watched", flush=True)


def watched(trial: Trial) -> None:
    trial.file.unlink(missing_ok=True)
    done = _python(["-m", "stetho", "run", "-o", str(trial.file)], trial)
    if done.returncode or not trial.file.exists():
        raise RuntimeError(f"{trial.name}: {done.stderr[-2000:]}")


def _python(before: list[str], trial: Trial) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *before, *trial.arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )

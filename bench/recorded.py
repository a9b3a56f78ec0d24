"""A recorded grid → an engine that replays it: races in milliseconds, on real losses."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from stetho.trials.engine import AbstractEngine, Errand
from stetho.trials.settings import Settings
from stetho.trials.trial import DIVERGED, Outcome, Place, Scouting, Script, Trial

GRIDS = Path(__file__).parent / "grids"
PLACE = Place(
    kind="call",
    function="",
    model="Net",
    path="",
    where="recorded",
    uses=2,
    hidden=(0, 1),
    sites=("a", "b"),
)


def load(name: str) -> dict[str, Any]:
    grid: dict[str, Any] = json.loads((GRIDS / f"{name}.json").read_text())
    return grid


class Recorded(AbstractEngine):
    """Serves trials of a grid; `repetition` shuffles which of its seeds stand for which pair."""

    def __init__(self, grid: dict[str, Any], repetition: int) -> None:
        self.grid = grid
        self.incumbent: str = grid["incumbent"]
        self.length: int = grid["steps"]
        self.steps = 0  # that were asked for
        self._runs = {(run["candidate"], run["pair"]): run for run in grid["runs"]}
        seeds = sorted({run["pair"] for run in grid["runs"]})
        random.Random(repetition).shuffle(seeds)
        self.seeds: list[int] = seeds

    @property
    def names(self) -> list[str]:
        """Of all entries, the incumbent's first."""
        return [entry["name"] for entry in self.grid["entries"]]

    def settings(self, **changes: Any) -> Settings:
        return Settings(Script(self.grid["example"]), tuple(self.names[1:]), init="keep", **changes)

    def scout(self, errand: Errand) -> Scouting:
        run = self._runs[self.incumbent, self.seeds[0]]
        outcome = self._outcome(run, self.length)
        return Scouting(
            outcome=outcome,
            places=(PLACE,),
            left=(),
            incumbent=self.incumbent,
            ways={self.incumbent: (1, 1)},
            modules=(),
            ended=True,
        )

    def prepare(self, modules: Sequence[str]) -> None: ...

    def run(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Outcome]]:
        for trial in trials:
            seed = self.seeds[trial.pair % len(self.seeds)]
            name = self.incumbent if trial.incumbent else trial.candidate
            outcome = self._outcome(self._runs[name, seed], trial.steps or self.length)
            self.steps += outcome.steps
            yield trial, outcome

    def _outcome(self, run: dict[str, Any], steps: int) -> Outcome:
        """The first `steps` of a run; its losses are means of equal stretches."""
        count = max(1, round(len(run["losses"]) * min(1.0, steps / run["steps"])))
        losses = tuple(math.nan if x is None else x for x in run["losses"][:count])
        failed = run["status"] == DIVERGED and steps >= run["steps"]
        status, why = (DIVERGED, "the loss is not a number") if failed else ("done", "")
        area = fmean(losses) if not failed else math.nan
        return Outcome(
            status, why, min(steps, run["steps"]), area, losses, step_seconds=run["step_seconds"]
        )

    def close(self) -> None: ...


def truth(grid: dict[str, Any]) -> dict[str, float]:
    """What each entry is worth at full length: its mean area, a failed run counting as the worst.

    The worst is the highest area of any run, or where the losses begin if that is higher.
    """
    runs = grid["runs"]
    known = [run["area"] for run in runs if run["area"] is not None]
    worst = max([*known, *(run["losses"][0] for run in runs if run["losses"][0] is not None)])
    table: dict[str, list[float]] = {}
    for run in runs:
        table.setdefault(run["candidate"], []).append(
            run["area"] if run["status"] == "done" else worst
        )
    return {name: fmean(values) for name, values in table.items()}

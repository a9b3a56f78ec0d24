"""An engine whose outcomes are drawn, so that hundreds of races can be run in a second."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from stetho.trials.engine import AbstractEngine, Errand
from stetho.trials.trial import DONE, Outcome, Place, Scouting, Script, Trial

SCRIPT = Script("simulated.py")
STEPS = 400
PLACES = (Place("call", "tanh", "Net", "", "simulated.py:1:1", 2, (0, 1), ("tanh", "tanh#1")),)


class Simulated(AbstractEngine):
    """Candidates with a mean each; a seed moves all of its pair alike, and chance each trial."""

    def __init__(
        self,
        means: Mapping[str, float],
        *,
        seeds: float = 0.1,
        noise: float = 0.02,
        base: int = 0,
        ways: Mapping[str, tuple[float, float]] | None = None,
        fate: Callable[[Trial], Outcome | None] = lambda trial: None,
        look: Outcome | None = None,
    ) -> None:
        self.means = means
        self.seeds, self.noise, self.base, self.fate = seeds, noise, base, fate
        self.ways = dict.fromkeys((*means, "tanh"), (1.0, 1.0)) if ways is None else ways
        self.look, self.ran = look, list[Trial]()  # the script's own run; trials in their order

    def scout(self, errand: Errand) -> Scouting:
        losses = tuple(2.0 - step / STEPS for step in range(STEPS))
        outcome = self.look or Outcome(DONE, "", STEPS, 1.5, losses, step_seconds=0.001)
        ended = outcome.steps == STEPS
        return Scouting(
            outcome=outcome,
            places=PLACES,
            left=(),
            incumbent="tanh",
            ways=self.ways,
            modules=(),
            ended=ended,
        )

    def prepare(self, scouting: Scouting) -> None: ...

    def run(
        self, trials: Sequence[Trial], seconds: float | None = None
    ) -> Iterator[tuple[Trial, Outcome]]:
        for trial in trials:
            self.ran.append(trial)
            yield trial, self.fate(trial) or self._drawn(trial)

    def _drawn(self, trial: Trial) -> Outcome:
        name = "tanh" if trial.incumbent else trial.candidate
        seed = random.Random(f"{self.base} {trial.pair}").gauss(0, self.seeds)
        chance = random.Random(f"{self.base} {trial.key}").gauss(0, self.noise)
        area = self.means.get(name, 1.0) + seed + chance
        steps = trial.steps or STEPS
        return Outcome(
            DONE, "", steps, area, (2.3,) * 3 + (area,) * 17, step_seconds=0.001, seconds=0.1
        )

    def close(self) -> None: ...

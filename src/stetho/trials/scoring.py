"""An outcome → its score: what candidates are compared by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from stetho.errors import UsageError
from stetho.trials.settings import HELDOUT, TRAINING, lower_is_better
from stetho.trials.trial import Outcome, Scouting


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a race."""

    name: str = TRAINING
    lower: bool = True
    whole: bool = True  # trials are as long as the script

    def of(self, outcome: Outcome) -> float:
        """As people read it; NaN where the trial did not come so far as to have one.

        The training loss counts by the area under its curve: its mean over all steps, or, of a
        trial that is cut short, over the second half of them. (What happens first takes a larger
        part of a short trial than it would of the whole training. On recorded grids the second half
        of a third of the training ranks functions by 0.81 to 0.98 as the whole does, all of that
        third by 0.43 to 0.98.) Metrics and the held-out loss count by what was reported last.
        """
        if not outcome.done:
            return math.nan
        if self.name == TRAINING and outcome.losses:
            return fmean(outcome.losses[0 if self.whole else len(outcome.losses) // 2 :])
        reported = self._reported(outcome)
        return reported[-1][1] if reported else math.nan

    @property
    def words(self) -> str:
        if self.name == TRAINING:
            return (
                f"mean training loss over {'all' if self.whole else 'the second half of the'} steps"
            )
        if self.name == HELDOUT:
            return "last loss that the script computed without gradients"
        return f"last {self.name} that the script reported"

    def cost(self, outcome: Outcome) -> float:
        """As statistics take it: less is better."""
        return self.of(outcome) if self.lower else -self.of(outcome)

    def first_cost(self, outcome: Outcome) -> float:
        """What it cost where it began, whatever became of it since: its first loss or report."""
        if self.name == TRAINING:
            return outcome.losses[0] if outcome.losses else math.nan
        reported = self._reported(outcome)
        first = reported[0][1] if reported else math.nan
        return first if self.lower else -first

    def _reported(self, outcome: Outcome) -> Sequence[tuple[int, float]]:
        return outcome.heldout if self.name == HELDOUT else outcome.metrics.get(self.name, ())


def score_for(metric: str, scouting: Scouting, whole: bool) -> Score:
    """The score that was asked for; else the first metric that the script logs, or its loss.

    `name:min` and `name:max` say which end is the better one, where the name does not.

    Raises:
        UsageError: the script has come to its end and never reported this metric.
    """
    name, colon, end = metric.partition(":")
    if not name:
        name = next(iter(scouting.outcome.metrics), TRAINING)
    if colon and end not in ("min", "max"):
        raise UsageError(f"expected --metric NAME:min or NAME:max, got {metric!r}")
    known = {TRAINING, *scouting.outcome.metrics} | (
        {HELDOUT} if scouting.outcome.heldout else set()
    )
    if scouting.ended and name not in known:
        raise UsageError(
            f"expected a metric that the script reports ({', '.join(sorted(known))}), got "
            f"{name!r}; report it by stetho.log({name.replace('-', '_')}=…)"
        )
    return Score(name, end == "min" if colon else lower_is_better(name), whole)

"""An outcome → its score: what candidates are compared by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stetho.errors import UsageError
from stetho.trials.settings import HELDOUT, TRAINING, lower_is_better
from stetho.trials.trial import Outcome, Scouting


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a race."""

    name: str = TRAINING
    lower: bool = True

    def of(self, outcome: Outcome) -> float:
        """As people read it; NaN where the trial did not come so far as to have one.

        The training loss counts by its mean over all steps of the trial, the area under its curve;
        metrics and the held-out loss by what was reported last.
        """
        if not outcome.done:
            return math.nan
        if self.name == TRAINING:
            return outcome.area
        reported = outcome.heldout if self.name == HELDOUT else outcome.metrics.get(self.name, ())
        return reported[-1][1] if reported else math.nan

    def cost(self, outcome: Outcome) -> float:
        """As statistics take it: less is better."""
        return self.of(outcome) if self.lower else -self.of(outcome)


def score_for(metric: str, scouting: Scouting) -> Score:
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
    return Score(name, end == "min" if colon else lower_is_better(name))

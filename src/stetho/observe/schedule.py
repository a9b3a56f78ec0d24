"""Step numbers → which steps are probed. No clock has a say, so a busy machine probes the same."""

from __future__ import annotations

import math
from statistics import median

from stetho.errors import UsageError

DENSE_STEPS = 10  # the first steps are all probed
PAIRS = 12  # of neighbouring steps in each decade of step numbers, evenly on a log scale
LAST_DECADE = 10_000  # from here on pairs come at equal distances:
DISTANCE = 1_000
BURST = 10  # probes that an event adds
LEAST_ADDED = 50  # probes that may be added however short the run is
MOST = 3.0  # times our own code: a probed step that took longer had other work to do
WINDOW = 32  # plain steps whose durations are kept


class Schedule:
    """Decides which steps are probed, and keeps account of what probing costs.

    The first ten steps are probed, then neighbouring pairs: 12 in each decade of step numbers up
    to 10,000, then one every 1,000 steps. Events (a loss that is no longer finite) add probes, as
    long as no more than `budget` × the steps so far, and at least 50, have been added.
    With `every=N`: steps 0, 1, N, N + 1, 2N, … and nothing else.
    With `until=N`: no step from N on.
    """

    def __init__(
        self, budget: float = 0.02, every: int | None = None, until: float = math.inf
    ) -> None:
        if every is not None and every < 1:
            raise UsageError(f"every must be a whole number of steps, at least 1, not {every}")
        if not 0 < budget <= 1:
            raise UsageError(f"budget must be a share of the run's steps in (0, 1], not {budget}")
        self.budget = budget
        self.every = every
        self.until = until
        self.probes = 0
        self.spent = 0.0  # seconds that watching took
        self._added: set[int] = set()  # steps that events have made probes
        self._plain: list[float] = []  # durations of the last plain steps, s

    def wants(self, step: int) -> bool:
        """Whether to probe `step`."""
        if step >= self.until:
            return False
        if self.every is not None:
            return step % self.every in (0, 1 % self.every)
        return is_due(step) or step in self._added

    def force(self, step: int) -> None:
        """Make the ten steps from `step` on probes, as far as the budget goes."""
        if self.every is not None:
            return
        allowed = max(LEAST_ADDED, math.floor(self.budget * step))
        for ahead in range(step, step + BURST):
            if len(self._added) < allowed and not is_due(ahead):
                self._added.add(ahead)

    @property
    def step_seconds(self) -> float:
        """Median duration of the last plain steps, s."""
        return median(self._plain) if self._plain else math.nan

    def plain_step(self, seconds: float, own: float = 0.0) -> None:
        """Account for a step of `seconds` that was not probed, `own` of which were ours."""
        self.spent += own
        self._plain.append(seconds)
        del self._plain[:-WINDOW]

    def probe_step(self, seconds: float, own: float) -> None:
        """Account for a probed step of `seconds`, `own` of which were measured in our code."""
        beyond = seconds - median(self._plain) if len(self._plain) >= 5 else 0.0
        self.spent += min(max(own, beyond), MOST * own)
        self.probes += 1


def is_due(step: int) -> bool:
    """Whether the step number alone makes `step` a probe."""
    if step < DENSE_STEPS:
        return True
    if step >= LAST_DECADE:
        return step % DISTANCE in (0, 1)
    # The pair that begins at or before `step`; rounding may have put it one further.
    index = math.floor(PAIRS * math.log10(step / DENSE_STEPS))
    return any(step - _pair(near) in (0, 1) for near in (index, index + 1))


def _pair(index: int) -> int:
    """The first step of a pair."""
    return round(DENSE_STEPS * 10 ** (index / PAIRS))

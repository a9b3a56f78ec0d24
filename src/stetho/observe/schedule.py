"""Step number and times → whether this step is probed, within a budget of the run's time."""

from __future__ import annotations

import math
from statistics import median

from stetho.errors import UsageError

DENSE_STEPS = 2  # the first steps are all probed
ALLOWANCE = 0.3  # seconds of probing that a run may use before the budget binds
SHORT = 1000  # steps over which the allowance is spread
WIDEST = 4.0  # ratio of the step numbers of two pairs in there, at most
SPACING = 0.05  # two pairs of probes are at least this share of the step number apart
MOST = 3.0  # times our own code: a probed step that took longer had other work to do
WINDOW = 32  # plain steps whose times are kept


class Schedule:
    """Decides which steps are probed, and keeps account of what probing costs.

    With a budget: probes come in neighbouring pairs. A small allowance lets short runs be diagnosed
    at all; it is spread evenly, on a log scale, over the first thousand steps. Beyond it no probe
    starts while the time spent so far exceeds `budget` × elapsed, and gaps grow with the step
    number, so that a run of any length has a bounded number of probes.
    With `every=N`: steps 0, 1, N, N + 1, 2N, …
    With `until=N`: no step from N on.
    """

    def __init__(
        self, budget: float = 0.02, every: int | None = None, until: float = math.inf
    ) -> None:
        if every is not None and every < 1:
            raise UsageError(f"every must be a whole number of steps from 1 on, not {every}")
        if not 0 < budget <= 1:
            raise UsageError(f"budget must be a share of the run's time in (0, 1], not {budget}")
        self.budget = budget
        self.every = every
        self.until = until
        self.probes = 0
        self._plain: list[float] = []  # durations of the last plain steps, s
        self._extra: list[float] = []  # what the last probes cost beyond a plain step, s
        self.spent = 0.0
        self._pair_open = False
        self._next_pair = DENSE_STEPS

    def wants(self, step: int, elapsed: float) -> bool:
        """Whether to probe `step`, `elapsed` seconds after the first one began."""
        if step >= self.until:
            return False
        if self.every is not None:
            return step % self.every in (0, 1 % self.every)
        if step < DENSE_STEPS or self._pair_open:
            self._pair_open = False
            return True
        if step < self._next_pair or self._over_budget(elapsed):
            return False
        self._pair_open = True
        self._next_pair = step + 2 + math.ceil(step * self._spacing())
        return True

    @property
    def step_seconds(self) -> float:
        """Median duration of the last plain steps, s."""
        return median(self._plain) if self._plain else math.nan

    def force(self) -> None:
        """Make the next step a probe whatever the budget says (the loss is no longer finite)."""
        self._pair_open = True

    def _pair_cost(self) -> float:
        return 2 * median(self._extra) if self._extra else 0.0

    def _over_budget(self, elapsed: float) -> bool:
        return self.spent + self._pair_cost() > max(ALLOWANCE, self.budget * elapsed)

    def _spacing(self) -> float:
        """Gap to the next pair, as a share of the step number."""
        pairs_left = (ALLOWANCE - self.spent) / max(self._pair_cost(), 1e-6)
        if pairs_left < 1:
            return SPACING
        ratio = math.exp(math.log(SHORT) / pairs_left)
        return min(max(ratio, 1 + SPACING), WIDEST) - 1

    def plain_step(self, seconds: float, own: float = 0.0) -> None:
        """Account for a step of `seconds` that was not probed, `own` of which were ours."""
        self.spent += own
        self._plain.append(seconds)
        del self._plain[:-WINDOW]

    def probe_step(self, seconds: float, own: float) -> None:
        """Account for a probed step of `seconds`, `own` of which were measured in our code."""
        beyond = seconds - median(self._plain) if len(self._plain) >= 5 else 0.0
        extra = min(max(own, beyond), MOST * own)
        self._extra.append(extra)
        del self._extra[:-WINDOW]
        self.spent += extra
        self.probes += 1

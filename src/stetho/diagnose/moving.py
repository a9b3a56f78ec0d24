"""Do the targets of a squared error move while training goes on?"""

from __future__ import annotations

import math
from statistics import median

from stetho.record import Run

SQUARED = ("mse_loss", "smooth_l1_loss", "huber_loss")  # the last two where errors are small
FIRST = 5  # probes whose median stands for the start
MOVED = 10.0  # times its first value that the targets' variance has grown to: they move
STILL = 1.2  # and times its value halfway
AWAY = 100.0  # times its first value, from which targets may run away
DOUBLED = 2.0  # and times its value halfway
RISEN = 30.0  # times its first value that the loss has risen to, where they do run away


def growth(run: Run) -> tuple[float, float]:
    """Return how far the targets' variance has grown: over the whole run, and in its second half.

    The variance is taken over all targets seen so far. NaN where it is not known, or where a loss
    function other than a squared error takes part.
    """
    known = [(p.step, p.baseline) for p in run.probes if p.baseline > 0]
    squared = bool(run.criteria) and all(one.function in SQUARED for one in run.criteria)
    if len(known) < 2 * FIRST or not squared:
        return math.nan, math.nan
    last_step, last = known[-1]
    early = [value for step, value in known if step <= last_step / 2]
    return last / median([value for _, value in known[:FIRST]]), last / early[-1]


def move(run: Run) -> bool:
    """Whether targets are made of something that changes, such as the network's own values."""
    whole, lately = growth(run)
    return whole > MOVED and lately > STILL


def run_away(run: Run, first: float, last: float) -> bool:
    """Whether targets grow without end, and the loss (`first` to `last`) with them."""
    whole, lately = growth(run)
    return whole > AWAY and lately > DOUBLED and last > RISEN * first > 0

"""Judges from the losses of a run whether the network learns.

A falling loss is not enough: the loss of a dead classifier falls from 2.4 to ln 10 = 2.303, that of
the best constant prediction, without learning anything from the inputs. So the loss is compared
with that of the best constant prediction for the targets seen, wherever this is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from stetho.diagnose.moving import move, run_away
from stetho.record import Run

FEWEST_STEPS = 20  # fewer say nothing
EXPLAINED = 0.1  # gain over the constant prediction, in a network that learns
STUCK = 0.02  # and in one that has learned nothing, beyond twice the standard error
MOST = 0.05  # of that limit, however noisy the losses are
LITTLE = 0.25  # zoo, calibration half: healthy networks have more in the end, all but one of 59
LOST = 0.5  # part of what had been explained before that is left in a network that unlearns
FALLING = 0.02  # part by which the loss falls in the second half of a run that is still learning
SLOWLY = 1e-3  # and of one that moves at all
RISING = 0.2  # part of the way from the best loss to the last
NEIGHBOURS = 5  # losses whose median stands for one of them
RISEN = 3.0  # times its first value: the loss has run away


@dataclass(frozen=True, slots=True)
class Learning:
    """`status`: learns, slow, stuck, diverged, too-short or unknown."""

    status: str
    first: float = math.nan  # median of the first losses
    last: float = math.nan  # median of the last losses
    baseline: float = math.nan  # loss of the best constant prediction
    steps: int = 0
    best: float = math.nan  # lowest median of any stretch that is as long as the last one
    best_step: int = 0  # the step in which that stretch ended
    lately: float = math.nan  # lowest median of the stretches in the last quarter
    lost_step: int | None = None  # since when a loss that had fallen stays high again

    @property
    def lost(self) -> bool:
        """Whether the network had learned something and has lost half of the gain or more."""
        if not self.baseline > 0:
            return False
        most, late = 1 - self.best / self.baseline, 1 - self.lately / self.baseline
        return most * LOST > max(late, EXPLAINED * LOST)

    @property
    def explained(self) -> float:
        """Relative gain over the constant prediction's loss: 0 is no better, 1 is a loss of 0."""
        return 1 - self.last / self.baseline if self.baseline > 0 else math.nan

    @property
    def little(self) -> bool:
        """Whether the network learns, but has not gained much yet."""
        return self.status == "learns" and self.explained < LITTLE

    @property
    def hardly(self) -> bool:
        """Whether the network has learned nothing from the inputs yet, even if the loss moves."""
        return self.status == "stuck" or (self.status == "slow" and self.explained < STUCK)


def judge(run: Run) -> Learning:
    """Judge a run by its losses; a check-up has no course of losses to judge."""
    losses = [loss for loss in run.losses if math.isfinite(loss)]
    steps = max(run.loss_steps, default=-1) + 1
    if run.kind == "check":
        return Learning(status="unknown", steps=steps)
    if run.first_nonfinite_loss is not None:
        return Learning("diverged", *_ends(losses), _baseline(run), steps)
    if len(losses) < FEWEST_STEPS:
        return Learning("too-short", *_ends(losses), _baseline(run), steps)
    first, last = _ends(losses)
    late, _ = _best(losses[-max(len(losses) // 4, _width(losses)) :], _width(losses))
    best, place = _best(losses, _width(losses))
    best_step = run.loss_steps[min(place, len(run.loss_steps)) - 1]
    seen = Learning(
        status="",
        first=first,
        last=last,
        baseline=_baseline(run),
        steps=steps,
        best=best,
        best_step=best_step,
        lately=late,
    )
    if run.players:  # what one wins the other loses
        return replace(seen, status="unknown")
    if run_away(run, first, last):
        return replace(seen, status="diverged")
    if move(run):
        return replace(seen, status="unknown")  # a loss against targets that move shows nothing
    seen = replace(seen, status=_status(seen, losses))
    return replace(seen, lost_step=_lost_step(run)) if seen.lost else seen


def _lost_step(run: Run) -> int | None:
    """The step from which on the loss is no longer near its best."""
    losses = run.losses
    best, _ = _best([loss for loss in losses if math.isfinite(loss)], NEIGHBOURS)
    limit = best + RISING * (_ends(losses)[1] - best)
    around = NEIGHBOURS // 2
    for place in range(len(losses) - 1 - around, around - 1, -1):
        if median(losses[place - around : place + around + 1]) < limit:
            return run.loss_steps[min(place + 1, len(losses) - 1)]
    return None


def _status(seen: Learning, losses: Sequence[float]) -> str:
    if seen.first > 0 and seen.last > RISEN * max(seen.first, seen.baseline or 0.0, 1e-12):
        return "diverged"
    falling = _falls(losses)
    drop = (seen.first - seen.last) / abs(seen.first) if seen.first else 0.0
    if not math.isnan(seen.explained):
        if seen.lost:
            return "slow" if seen.explained >= STUCK else "stuck"
        if seen.explained >= EXPLAINED or (falling and seen.explained > 0):
            return "learns"
        if _falls(losses, SLOWLY, certainty=4):
            return "slow"  # it moves, beyond all doubt
        doubt = 2 * _standard_error(losses) / seen.baseline
        return "stuck" if seen.explained < min(STUCK + doubt, MOST) else "slow"
    if drop >= EXPLAINED or falling:
        return "learns"
    return "unknown"  # a loss that hovers may be meant to (two players, rewards)


def _falls(losses: Sequence[float], part: float = FALLING, certainty: float = 2) -> bool:
    """Whether the loss falls in the second half, by a part of it and more than by its scatter."""
    half = losses[len(losses) // 2 :]
    width = max(3, len(half) // 4)
    before, after = half[:width], half[-width:]
    drop = median(before) - median(after)
    noise = _scatter(before) + _scatter(after)
    standard_error = 1.25 * noise / math.sqrt(width)
    return drop > max(part * abs(median(before)), certainty * standard_error)


def _best(losses: Sequence[float], width: int) -> tuple[float, int]:
    """The lowest median of any stretch of some losses, and how many losses there are to its end."""
    ends = range(width, len(losses) + 1, width)
    return min((median(losses[end - width : end]), end) for end in ends)


def _standard_error(losses: Sequence[float]) -> float:
    """Of the median of the last losses; 1.25 times that of a mean."""
    last = losses[-_width(losses) :]
    return 1.25 * _scatter(last) / math.sqrt(len(last))


def _scatter(values: Sequence[float]) -> float:
    middle = median(values)
    return 1.4826 * median(abs(value - middle) for value in values)


def _ends(losses: Sequence[float]) -> tuple[float, float]:
    if not losses:
        return math.nan, math.nan
    width = _width(losses)
    return median(losses[:width]), median(losses[-width:])


def _width(losses: Sequence[float]) -> int:
    """How many losses stand for the first ones, and for the last."""
    return min(50, max(1, len(losses) // 10))


def _baseline(run: Run) -> float:
    known = [probe.baseline for probe in run.probes if not math.isnan(probe.baseline)]
    return known[-1] if known else math.nan

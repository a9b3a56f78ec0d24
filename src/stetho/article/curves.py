"""Curves, one a seed → one series of a picture: the middle one, and how far the seeds lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from stetho.record import Series

POINTS = 100  # that a curve is drawn with


def over_seeds(
    name: str, x: Sequence[float], curves: Sequence[Sequence[float]], *, points: bool = False
) -> Series:
    """The median at each x, in a band from the lowest to the highest curve."""
    at = list(zip(*curves, strict=True))
    return Series(
        name=name,
        x=tuple(x),
        y=tuple(median(values) for values in at),
        low=tuple(min(values) for values in at),
        high=tuple(max(values) for values in at),
        points=points,
    )


def by_step(name: str, curves: Sequence[Sequence[float]]) -> Series:
    """The same of what has a value a step: means over equal stretches, at their last step."""
    steps = len(curves[0])
    ends = [steps * (part + 1) // POINTS for part in range(POINTS)] if steps > POINTS else None
    ends = ends or list(range(1, steps + 1))
    starts = [0, *ends[:-1]]
    means = [
        [fmean(curve[start:end]) for start, end in zip(starts, ends, strict=True)]
        for curve in curves
    ]
    return over_seeds(name, ends, means)

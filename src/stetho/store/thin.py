"""Too many losses or probes → the telling ones. Pure: lists in, lists out."""

from __future__ import annotations

import math
from collections.abc import Sequence


def thin_losses(
    steps: Sequence[int], losses: Sequence[float], limit: int
) -> tuple[list[int], list[float]]:
    """The lowest and the highest loss of each bucket of steps, at most `limit` in all.

    Buckets are 2, 4, 8 … steps wide and begin at multiples of their width, so thinning again later
    gives what thinning once would have given. The first loss that is NaN or Inf in a bucket is
    kept too, as are the first and the last entry; each keeps its own step.
    """
    width = 2
    kept = list(range(len(steps)))
    while len(kept) > limit:
        kept = _extremes(steps, losses, width)
        width *= 2
    return [steps[place] for place in kept], [losses[place] for place in kept]


def _extremes(steps: Sequence[int], losses: Sequence[float], width: int) -> list[int]:
    lowest: dict[int, int] = {}
    highest: dict[int, int] = {}
    strange: dict[int, int] = {}
    for place, (step, loss) in enumerate(zip(steps, losses, strict=True)):
        bucket = step // width
        if not math.isfinite(loss):
            strange.setdefault(bucket, place)
            continue
        if loss < losses[lowest.setdefault(bucket, place)]:
            lowest[bucket] = place
        if loss > losses[highest.setdefault(bucket, place)]:
            highest[bucket] = place
    ends = {0, len(steps) - 1}
    return sorted(ends.union(lowest.values(), highest.values(), strange.values()))


def probes_to_drop(steps: Sequence[int], first: int) -> list[int]:
    """Places of probes to forget: every second group of neighbouring steps after the `first` ones.

    Neighbouring probes stay together, because drift and update direction compare two of them; the
    start of the run and its last group are kept.
    """
    groups: list[list[int]] = []
    for place, step in enumerate(steps):
        if place and step == steps[place - 1] + 1:
            groups[-1].append(place)
        else:
            groups.append([place])
    if len(groups) <= first + 2:
        return []
    return [place for group in groups[first:-1:2] for place in group]

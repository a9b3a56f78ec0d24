"""Things to do → processor time that each takes, measured by turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

READINGS = 3  # of each job in a round
WARM = 1  # rounds that are not counted
SHORTEST = 3e-3  # seconds that one reading lasts at least, so that the clock's grain is nothing


def by_turns(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of processor time of each job in each round.

    Time that the machine gives to other processes does not count. What they cost beside it (shared
    caches, a lower clock) falls on all jobs alike, as each has its turn in a round, and of some
    readings the shortest counts, since others can only make it longer.
    """
    repeats = {name: _repeats(job) for name, job in jobs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for counted in range(-WARM, rounds):
        best = dict.fromkeys(jobs, float("inf"))
        for _ in range(READINGS):
            for name, job in jobs.items():
                best[name] = min(best[name], _reading(job, repeats[name]))
        for name in jobs:
            if counted >= 0:
                seconds[name].append(best[name])
    return seconds


def forward_backward(module: nn.Module, z: Tensor) -> Callable[[], object]:
    """A job: a function's outputs for z, and its gradient from ones."""
    leaf, upstream = z.clone().requires_grad_(), torch.ones_like(z)

    def job() -> None:
        torch.autograd.grad(module(leaf), leaf, upstream)

    return job


def _repeats(job: Callable[[], object]) -> int:
    once = _reading(job, 1)
    return max(1, round(SHORTEST / min(once, _reading(job, 1))))


def _reading(job: Callable[[], object], repeats: int) -> float:
    """Seconds of one of so many repeats."""
    began = time.process_time()
    for _ in range(repeats):
        job()
    return (time.process_time() - began) / repeats

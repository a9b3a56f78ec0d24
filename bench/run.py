"""Measures what watching costs: `python bench/run.py [--seconds S] [--rounds N]`.

Watched and plain stretches of the same training alternate in one process, so that both meet the
same machine; every figure is a ratio of medians, with the spread over the rounds beside it.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch

import stetho
from models import MODELS

Step = Callable[[], None]


def stretch(step: Step, seconds: float) -> float:
    """Seconds a step, over a stretch of at least `seconds`."""
    count, began = 0, time.perf_counter()
    while True:
        step()
        count += 1
        elapsed = time.perf_counter() - began
        if elapsed >= seconds:
            return elapsed / count


def overhead(make: Callable[[], tuple], seconds: float, rounds: int, **options: object) -> list:
    """Relative extra time of watched against plain stretches, one a round."""
    torch.manual_seed(0)
    model, optimizer, step = make()
    stretch(step, 1.0)
    extra = []
    for _ in range(rounds):
        before = stretch(step, seconds / 2)
        with stetho.watch(model, optimizer, **options):
            watched = stretch(step, seconds)
        after = stretch(step, seconds / 2)
        extra.append(watched / ((before + after) / 2) - 1)
    return extra


def row(name: str, values: list[float]) -> str:
    middle = statistics.median(values)
    return f"{name:<34} {middle:>7.1%}   from {min(values):.1%} to {max(values):.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of one stretch")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {platform.machine()}, {threads} threads")
    print("extra time of a training step, median and spread over rounds")
    for name, make in MODELS.items():
        values = overhead(make, arguments.seconds, arguments.rounds)
        print(row(f"{name}, default budget (2 %)", values), flush=True)
        short = min(arguments.seconds, 3.0)
        values = overhead(make, short, arguments.rounds, every=1)
        print(row(f"{name}, every step probed", values), flush=True)


if __name__ == "__main__":
    main()

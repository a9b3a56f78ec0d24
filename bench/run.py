"""Measures what watching costs: `python bench/run.py [--rounds N] [--seconds S]`.

Plain and watched stretches of the same training alternate in one process, so that both meet the
same machine. Every figure is a median over rounds, with the quartiles beside it. Printed as a
Markdown table, for the README.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import statistics
import time
from collections.abc import Callable, Sequence

import torch

import stetho
from models import MODELS

NEVER = 10**9
Step = Callable[[], None]
Made = tuple[torch.nn.Module, torch.optim.Optimizer, Step]


def typical(step: Step, count: int) -> float:
    """Median seconds of a step."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def extra(made: Made, every: int, count: int, rounds: int) -> list[float]:
    """Extra seconds of a watched step: one value a round, between two plain stretches."""
    model, optimizer, step = made
    found = []
    for _ in range(rounds):
        before = typical(step, count)
        with stetho.watch(model, optimizer, every=every):
            typical(step, 3)  # the first two are probed, whatever `every` says
            watched = typical(step, count)
        after = typical(step, count)
        found.append(watched - (before + after) / 2)
    return found


def probes_in(made: Made, seconds: float) -> tuple[int, int]:
    """Probes and steps of a run of `seconds` at the default budget."""
    model, optimizer, step = made
    with stetho.watch(model, optimizer) as watched:
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            step()
    overhead = watched.result.run.overhead
    return overhead.probes, overhead.steps


def spread(values: Sequence[float], scale: float, unit: str) -> str:
    low, middle, high = (scale * value for value in statistics.quantiles(values, n=4))
    return f"{middle:.1f} {unit} ({low:.1f} to {high:.1f})"


def row(name: str, made: Made, rounds: int, seconds: float) -> str:
    typical(made[2], 20)
    plain = typical(made[2], 40)
    other = extra(made, NEVER, 15, rounds)
    probe = extra(made, 1, 5, rounds)
    probes, steps = probes_in(made, seconds)
    whole = (probes * statistics.median(probe) + steps * statistics.median(other)) / seconds
    cells = (
        name,
        f"{1e3 * plain:.1f} ms",
        f"+{spread(probe, 100 / plain, '%')}",
        f"+{spread(other, 100 / plain, '%')}",
        f"{probes} of {steps}",
        f"{whole:.1%}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", choices=list(MODELS), nargs="*", help="by default all")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the whole run")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    today = datetime.date.today()
    print(
        f"{today}, {platform.machine()}, {torch.get_num_threads()} thread(s), torch "
        f"{torch.__version__}; medians, quartiles in brackets\n"
    )
    heads = (
        *("network", "plain step", "probed step", "other steps"),
        f"probes in {arguments.seconds:.0f} s",
        "whole run",
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, make in MODELS.items():
        if not arguments.only or name in arguments.only:
            print(row(name, make(), arguments.rounds, arguments.seconds), flush=True)


if __name__ == "__main__":
    main()

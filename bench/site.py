"""Nothing in → what the summary of one site costs, in `torch.sum`s of what it looks at.

`python bench/site.py`: medians of many calls that take turns, one thread.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import torch

from stetho import activations
from stetho.summarise.layout import LIMIT
from stetho.summarise.native import describe
from stetho.summarise.site import summarise_site

SHAPES = ((128, 256), (128, 1024), (64, 64, 32, 32))
ROUNDS = 300


def microseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return 1e6 * (time.perf_counter() - began)


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    print(f"{describe()}\n\n| z | looked at | torch.sum of that | the summary | ratio |")
    print("|---|---|---|---|---|")
    facts = activations.get("relu").facts
    for shape in SHAPES:
        z = torch.randn(shape)
        a, some = torch.relu(z), torch.randn(min(LIMIT, math.prod(shape)))
        pairs = [
            (microseconds(some.sum), microseconds(lambda: summarise_site(z, a, facts, 1)))  # noqa: B023
            for _ in range(ROUNDS)
        ]
        total, summary = (statistics.median(times) for times in zip(*pairs))
        size = " × ".join(map(str, shape))
        print(
            f"| {size} | {len(some)} | {total:.1f} µs | {summary:.0f} µs | {summary / total:.0f} |"
        )


if __name__ == "__main__":
    main()

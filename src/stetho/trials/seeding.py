"""The number of a pair → other seeds, wherever the script sets some.

Pair 0 is the script as its author seeds it. In every other pair, each seed that the script sets is
moved by a number that belongs to the pair, and what the script leaves to chance is seeded too.
Generators that a script makes for itself stay as they are: most of them hold a split of the data.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch

from stetho.patching import patched

STRIDE = 0x9E3779B9  # 2³² / golden ratio: seeds of pairs fall far apart
MOST = 2**32  # NumPy takes no larger seed


def moved(seed: Any, pair: int) -> Any:
    """The seed of a pair; what is no number (None, an array) stays."""
    if pair == 0 or isinstance(seed, bool) or not isinstance(seed, int):
        return seed
    return (seed + STRIDE * pair) % MOST


@contextmanager
def seeded(pair: int) -> Iterator[None]:
    """Random numbers of a pair; afterwards all is as it was before."""
    numpy = sys.modules.get("numpy")
    before = random.getstate(), torch.get_rng_state(), numpy and numpy.random.get_state()
    random.seed(moved(0, pair))
    torch.manual_seed(moved(0, pair))
    if numpy is not None:
        numpy.random.seed(moved(0, pair))
    setters = [(torch, "manual_seed"), (torch.random, "manual_seed"), (random, "seed")]
    setters += [(torch.cuda, "manual_seed"), (torch.cuda, "manual_seed_all")]
    setters += [(numpy.random, "seed")] if numpy is not None else []
    try:
        with ExitStack() as stack:
            for owner, name in setters:
                stack.enter_context(patched(owner, name, partial(_moving, pair=pair)))
            yield
    finally:
        random.setstate(before[0])
        torch.set_rng_state(before[1])
        if numpy is not None:
            numpy.random.set_state(before[2])


def _moving(setter: Callable[..., Any], pair: int) -> Callable[..., Any]:
    def seed(*args: Any, **kwargs: Any) -> Any:
        args = tuple(moved(arg, pair) for arg in args)
        return setter(*args, **{key: moved(value, pair) for key, value in kwargs.items()})

    return seed

"""Compiled models → eager ones for the length of a probe."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

# What torch says of global module hooks, such as ours, when a compiled model is called.
OF_OURS = "Using `torch.compile\\(module\\)` when there are global hooks on modules"


def is_loaded() -> bool:
    """Whether the script has loaded torch's compiler (importing it costs seconds)."""
    return "torch._dynamo" in sys.modules


def eager() -> Callable[[], None]:
    """Run compiled functions eagerly, without a word on our hooks, until the answer is called."""
    import torch

    stance = torch.compiler.set_stance("force_eager")
    stance.__enter__()
    before = list(warnings.filters)
    warnings.filterwarnings("ignore", OF_OURS)
    added = [entry for entry in warnings.filters if entry not in before]

    def leave() -> None:
        for entry in added:
            if entry in warnings.filters:
                warnings.filters.remove(entry)  # type: ignore[attr-defined]
        stance.__exit__(None, None, None)

    return leave

"""Compiled models → eager ones for the length of a probe."""

from __future__ import annotations

import sys
from collections.abc import Callable


def is_loaded() -> bool:
    """Whether the script has loaded torch's compiler (importing it costs seconds)."""
    return "torch._dynamo" in sys.modules


def eager() -> Callable[[], None]:
    """Run compiled functions eagerly until the returned function is called."""
    import torch

    stance = torch.compiler.set_stance("force_eager")
    stance.__enter__()
    return lambda: stance.__exit__(None, None, None)

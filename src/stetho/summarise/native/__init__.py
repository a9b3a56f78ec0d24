"""The compiled kernels, where they were built; plain torch calls are taken where they were not."""

from __future__ import annotations

import os
from typing import Any

INTERFACE = 3  # of `core.cpp`; a core that was compiled before is not taken
core: Any = None
missing = ""  # why there is no compiled core
try:
    if os.environ.get("STETHO_NATIVE", "1") == "0":
        missing = "STETHO_NATIVE=0 is set"
    else:
        from stetho.summarise.native import _core  # type: ignore[attr-defined]

        if getattr(_core, "INTERFACE", 1) == INTERFACE:
            core = _core
        else:
            missing = "it was compiled for another version of stetho: install stetho again"
except ImportError as error:
    missing = str(error)


def describe() -> str:
    """Whether there is a compiled core, for which instructions, or why there is none."""
    if core is None:
        return f"no compiled core ({missing}): plain torch calls look at tensors"
    return f"compiled core: {core.instructions()}"

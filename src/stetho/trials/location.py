"""The running stack of calls → the line of the script, or of a library, that calls a function."""

from __future__ import annotations

import sys
from types import CodeType, FrameType

import torch

# Files of torch that stand between a line that says `F.relu(x)` and the mode that sees the call.
_PASSED_ON = (
    "torch/overrides.py",
    "torch/functional.py",
    "torch/nn/functional.py",
    "torch/_tensor.py",
    "torch/_jit_internal.py",
)
_OURS = __name__.rpartition(".")[0].rpartition(".")[0]  # stetho
_passes: dict[CodeType, bool] = {}


def caller(frame: FrameType | None) -> FrameType | None:
    """The frame that spells the call out, seen from a mode's `__torch_function__`."""
    while frame is not None and _is_passed_on(frame):
        frame = frame.f_back
    return frame


def _is_passed_on(frame: FrameType) -> bool:
    code = frame.f_code
    known = _passes.get(code)
    if known is None:
        file = code.co_filename.replace("\\", "/")
        module = str(frame.f_globals.get("__name__", ""))
        ours = module == _OURS or module.startswith(f"{_OURS}.")
        known = _passes[code] = ours or file.endswith(_PASSED_ON)
    return known


def place_of(frame: FrameType) -> str:
    """file:line:instruction; the same in every process that runs the same code."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}:{frame.f_lasti}"


def owner_of(frame: FrameType) -> torch.nn.Module | None:
    """The module in whose method the frame runs: its `self`."""
    owner = frame.f_locals.get("self")
    return owner if isinstance(owner, torch.nn.Module) else None


def here() -> FrameType | None:
    """The frame that spells out the call that we are in."""
    return caller(sys._getframe(1))

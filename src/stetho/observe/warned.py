"""Warnings given while the capture looks on → told of the script's line, as without it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from stetho.observe.tracebacks import TO_MODE, is_ours


def as_without_us(original: Callable[..., None]) -> Callable[..., None]:
    """A stand-in for `warnings.warn`, to whose `stacklevel` frames of ours do not count."""

    def warn(
        message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **more: Any
    ) -> None:
        level = stacklevel + 1 + _frames_of_ours(sys._getframe(1), stacklevel)
        original(message, category, level, source, **more)

    return warn


def _frames_of_ours(frame: FrameType | None, levels: int) -> int:
    """How many frames of ours, and of torch's on the way to us, are among so many of the rest."""
    count = 0
    while frame is not None and levels > 0:
        if not is_ours(frame.f_code):
            levels -= 1
        else:
            count += 1
            if frame.f_back is not None and frame.f_back.f_code is TO_MODE:
                count += 2  # the call of the mode, and the function that calls it
                frame = frame.f_back.f_back
                if frame is None:
                    break
        frame = frame.f_back
    return count

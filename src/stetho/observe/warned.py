"""Warnings given while the capture looks on → told of the script's line, as without it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

from stetho.observe.guard import Guard, entry
from stetho.observe.tracebacks import CALLER, TO_MODE, is_ours


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


class Callers:
    """Calls built-in functions from where the script does.

    A warning out of C++ names the Python frame that is running, and Python tells it once for each
    place. So the call is made from a frame with the file, the line and the globals of the script's.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._known: dict[tuple[str, int], FunctionType] = {}

    @entry
    def of(self, func: Callable[..., Any], frame: FrameType) -> FunctionType | None:
        """What calls `func` with given arguments for the function that runs in `frame`.

        `None` if a plain call will do: a Python function has a frame of its own, and a tracer or
        profiler of the script's would take ours for one more call.
        """
        if isinstance(func, FunctionType) or sys.gettrace() or sys.getprofile():
            return None
        place = frame.f_code.co_filename, frame.f_lineno
        caller = self._known.get(place)
        if caller is None or caller.__globals__ is not frame.f_globals:
            caller = self._known[place] = _calling_from(frame)
        return caller

    def forget(self) -> None:
        """Keep no module of the script alive."""
        self._known.clear()


def _calling_from(frame: FrameType) -> FunctionType:
    code = _CALL.replace(
        co_filename=frame.f_code.co_filename, co_firstlineno=frame.f_lineno or 1, co_name=CALLER
    )
    return FunctionType(code, frame.f_globals)


# All of it on one line, so that every instruction has the line that the code is said to begin at.
_CALL = (lambda func, args, kwargs: func(*args, **kwargs)).__code__

"""A callback of ours → the same, unable to break the user's training."""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import torch

from stetho.errors import faults_are_raised
from stetho.observe.aside import without_modes


class Guarded(Protocol):
    guard: Guard


Owner = TypeVar("Owner", bound=Guarded)
Arguments = ParamSpec("Arguments")
Given = TypeVar("Given")


def entry(
    method: Callable[Concatenate[Owner, Arguments], Given],
) -> Callable[Concatenate[Owner, Arguments], Given | None]:
    """A method that torch or the script calls: no fault of ours leaves it."""

    @functools.wraps(method)
    def entered(owner: Owner, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Given | None:
        try:
            return method(owner, *args, **kwargs)
        except Exception as fault:
            if faults_are_raised():
                raise
            owner.guard.failed(fault)
            return None

    return entered


class Guard:
    """`with guard:` contains faults of our own and keeps the time that our own code takes.

    Inside of it, torch functions are called as if no mode (ours, or the script's) were on.
    The first fault is reported to `on_fault` as a traceback and switches watching off
    (`tripped`). What is not a fault (KeyboardInterrupt, SystemExit) passes through.
    """

    def __init__(self, on_fault: Callable[[str], None]) -> None:
        self._on_fault = on_fault
        self.tripped = False
        self._depth = 0
        self._since = 0.0
        self._seconds = 0.0
        self._unwatched: Any = None
        self._unseen: Any = None
        self._profiled = False
        self._afterwards: Callable[[], None] | None = None

    def __enter__(self) -> None:
        if self._depth == 0:
            self._since = time.perf_counter()
            self._unwatched = torch._C.DisableTorchFunction()
            self._unwatched.__enter__()
            if torch._C._len_torch_dispatch_stack():
                self._unseen = without_modes()
                self._unseen.__enter__()
            self._profiled = torch._C._autograd._profiler_enabled()
            if self._profiled:  # the script's profiler records its own operations alone
                torch._C._autograd._enable_record_function(False)
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._depth -= 1
        if self._depth == 0:
            if self._profiled:
                torch._C._autograd._enable_record_function(True)
            if self._unseen is not None:
                self._unseen.__exit__(None, None, None)
                self._unseen = None
            self._unwatched.__exit__(None, None, None)
            self._seconds += time.perf_counter() - self._since
            if self._afterwards is not None:
                act, self._afterwards = self._afterwards, None
                act()
        if not isinstance(fault, Exception) or faults_are_raised():
            return False
        self.failed(fault)
        return True

    def later(self, act: Callable[[], None]) -> None:
        """Do something now, or when our own code has ended, where that is running (a signal)."""
        if self._depth:
            self._afterwards = act
        else:
            act()

    def take_seconds(self) -> float:
        """Seconds spent inside of the guard since this was last asked."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def failed(self, fault: Exception) -> None:
        """A fault that was caught elsewhere."""
        self.trip("".join(traceback.format_exception(fault)))

    def trip(self, text: str) -> None:
        if self.tripped:
            return
        self.tripped = True
        try:
            self._on_fault(text)
        except Exception:  # the report of a fault must not become the next one
            if faults_are_raised():
                raise

"""Calls of torch modules → listeners, without a hook that the script could meet.

Note [How module calls are seen]
A global module hook is visible to the script (it may count them), and torch takes a longer path
through a module's call while there is one. So while anybody listens, the code of
`nn.Module._wrapped_call_impl` is exchanged for one that tells the listeners before and after. The
new code carries the old one's file, name and line, so that tracebacks, and the depth to which
modules may be nested, stay as they are. Compiled modules are passed on untouched.
"""

from __future__ import annotations

import sys
import warnings
from types import CodeType
from typing import Any, Protocol

from torch import nn

from stetho.observe.tracebacks import without_ours

# One statement a line: the call in the `try` block must stand where the original has it, in the
# same column, because a traceback shows the line of torch's own file.
SOURCE = """\
def _wrapped_call_impl(self, *args, **kwargs):
    told = self._compiled_call_impl is None and "@before"(self, args); finished = None
    if self._compiled_call_impl is not None:
        return self._compiled_call_impl(*args, **kwargs)
    try:
        finished = self._call_impl(*args, **kwargs)
    finally:
        if told: "@after"(self, finished, told)
    return finished
"""
CALL_LINE = 6  # of SOURCE
IN_TORCH = 4  # lines below the original's first one, where the same call stands


class Listener(Protocol):
    """Hears of calls of modules, on whichever thread they happen."""

    def before(self, module: nn.Module, args: tuple[Any, ...]) -> bool | None:
        """A module's forward is about to run; gives whether to hear of its end."""

    def after(self, module: nn.Module, output: Any) -> None:
        """It has ended, with `None` where it raised."""


_listeners: list[Listener] = []
_function = nn.Module.__dict__["_wrapped_call_impl"]
_original: CodeType | None = None
_exchanged: CodeType | None = None


def listen(listener: Listener) -> None:
    """Tell a listener of every call from now on."""
    global _original, _exchanged
    _listeners.append(listener)
    if len(_listeners) == 1:
        _original = _function.__code__
        _exchanged = _code(_original)
        _function.__code__ = _exchanged


def leave(listener: Listener) -> None:
    """Take a listener off again; after the last one torch's own code is back."""
    _listeners.remove(listener)
    if not _listeners and _function.__code__ is _exchanged:
        _function.__code__ = _original


def _before(module: nn.Module, args: tuple[Any, ...]) -> list[Listener]:
    return [listener for listener in tuple(_listeners) if listener.before(module, args)]


def _after(module: nn.Module, output: Any, told: list[Listener]) -> None:
    if output is None:
        without_ours(sys.exc_info()[2])  # of what passes through the module's call now, if anything
    for listener in reversed(told):
        listener.after(module, output)


def _code(original: CodeType) -> CodeType:
    line = original.co_firstlineno + IN_TORCH
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # strings that are called: see below
        module = compile("\n" * (line - CALL_LINE) + SOURCE, original.co_filename, "exec")
    (made,) = (const for const in module.co_consts if isinstance(const, CodeType))
    ours = {"@before": _before, "@after": _after}
    consts = tuple(ours.get(c, c) if isinstance(c, str) else c for c in made.co_consts)
    names = {"co_qualname": original.co_qualname} if hasattr(original, "co_qualname") else {}
    return made.replace(co_consts=consts, **names)

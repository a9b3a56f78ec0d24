"""SIGTERM → the diagnosis of what was seen, and then the end that the script would have had.

Python runs a handler between two instructions of the main thread: a script that is inside a long
call of C code ends when that call does.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from stetho.patching import patched

Act = Callable[[], None]


class Terminating:
    """Our handler of SIGTERM, where nobody has set one, and as long as the script sets none.

    `end(exit_code)` is called first; `later(act)` puts an act off until code of ours that is
    running has come to its end; `attempt(what, act)` does something that must not raise. The script
    sees the default handler where ours is.
    """

    _on: Terminating | None = None

    def __init__(
        self,
        end: Callable[[int], None],
        later: Callable[[Act], None],
        attempt: Callable[[str, Act], None],
    ) -> None:
        self._attempt = attempt
        self._held = self._due = False
        self._end = end
        self._later = later
        self._process = os.getpid()
        self._signal = signal.signal  # as they are before anybody replaces them
        self._getsignal = signal.getsignal

    @contextmanager
    def on(self) -> Iterator[None]:
        main = threading.current_thread() is threading.main_thread()
        if not main or self._getsignal(signal.SIGTERM) != signal.SIG_DFL:
            yield
            return
        with ExitStack() as stack:
            Terminating._on = self
            stack.callback(lambda: self._attempt("let go of SIGTERM", self._off))
            self._signal(signal.SIGTERM, self._handle)
            stack.enter_context(patched(signal, "signal", self._setting))
            stack.enter_context(patched(signal, "getsignal", self._getting))
            yield

    def _off(self) -> None:
        self.let_go()
        Terminating._on = None

    def let_go(self) -> None:
        if self._getsignal(signal.SIGTERM) == self._handle:
            self._signal(signal.SIGTERM, signal.SIG_DFL)

    def _handle(self, number: int, frame: Any) -> None:
        if os.getpid() == self._process:
            self._later(self._finish)
        else:
            self._die()

    @contextmanager
    def held(self) -> Iterator[None]:
        """SIGTERM waits for what runs inside: the end that it would ask for."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            if self._due:
                self._die()

    def _finish(self) -> None:
        if self._held:
            self._due = True
            return
        try:
            self._end(128 + signal.SIGTERM)
        finally:
            self._die()

    def _die(self) -> None:
        self._signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def _setting(self, original: Any) -> Any:
        def set_handler(signalnum: Any, handler: Any, /) -> Any:
            if (
                signalnum == signal.SIGTERM
                and handler == signal.SIG_DFL
                and Terminating._on is self
            ):
                handler = self._handle
            former = original(signalnum, handler)
            return signal.SIG_DFL if former == self._handle else former

        return set_handler

    def _getting(self, original: Any) -> Any:
        def get_handler(signalnum: Any, /) -> Any:
            handler = original(signalnum)
            return signal.SIG_DFL if handler == self._handle else handler

        return get_handler


@contextmanager
def unhurried() -> Iterator[None]:
    """A first Ctrl-C does not end what runs inside (the diagnosis of a script that has ended)."""
    main = threading.current_thread() is threading.main_thread()
    usual = signal.getsignal(signal.SIGINT)
    if not main or usual is not signal.default_int_handler:
        yield
        return

    def first(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_by(number: int) -> None:
    """End this process by a signal, as a Python that nobody watches ends by Ctrl-C."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _in_child() -> None:
    """A forked child ends by SIGTERM as it would without us."""
    if Terminating._on is not None:
        Terminating._on.let_go()
        Terminating._on = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

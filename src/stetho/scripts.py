"""One script, run under watch from its first line to its end."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from stetho.errors import RunFileError
from stetho.observe.on_import import AfterImport
from stetho.observe.schedule import Schedule
from stetho.record import Diagnosis
from stetho.results import Result
from stetho.running.children import (
    PARENT,
    Settings,
    Started,
    child_file,
    clear_away,
    gather,
    is_launcher,
    watch_children,
)
from stetho.running.signals import Terminating, unhurried
from stetho.running.watching import OF_RANK, Watching, new_run, own_file

if TYPE_CHECKING:
    from stetho.running.script import Script
    from stetho.running.telling import Careful


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run and how; see `stetho.run_script`."""

    target: str
    arguments: Sequence[str]
    as_module: bool
    budget: float
    every: int | None
    output: Path | None
    recipe: str | None
    ends_process: bool

    @property
    def command(self) -> str:
        return " ".join(
            ["python", *(["-m"] if self.as_module else []), self.target, *self.arguments]
        )


class WatchedRun:
    """Watching begins when torch is there, and ends with the script, with a signal or a fork."""

    def __init__(self, order: Order, report: Callable[[Result], None], stderr: Careful) -> None:
        self._order = order
        self._report = report
        self._stderr = stderr
        self._schedule = Schedule(order.budget, order.every)
        self._parent = os.environ.pop(PARENT, None)  # a watched launcher has started us as a rank
        self._file = (
            child_file(self._parent) if self._parent else own_file(order.target, order.output)
        )
        self._settings = Settings(
            self._parent or str(self._file.absolute()), order.budget, order.every, order.recipe
        )
        # The script may go elsewhere. A place that nobody has asked for need not be had.
        self._watching = Watching(
            new_run(order.command), self._file.absolute(), needed=order.output is not None
        )
        begin = "begin", lambda: self._watching.begin(self._schedule)
        self._trigger = AfterImport("torch", lambda: stderr.attempt(*begin), self._watching.failed)
        self._terminating = Terminating(self._at_end, self._watching.later, stderr.attempt)
        self._process = os.getpid()
        self._started = Started()
        self._function: str | None = None  # that a recipe puts in
        self._result: Result | None = None

    def go(self, script: Script, begun: Event) -> Result:
        """Run the script; `begun` is set when its own code is about to run."""
        from stetho.running.script import run

        order = self._order
        if self._parent is None:
            clear_away(self._settings)
        with self._swapped(), watch_children(self._settings) as self._started:
            self._trigger.start()
            with self._terminating.on() if order.ends_process else nullcontext():
                begun.set()
                exit_code = run(
                    script,
                    order.arguments,
                    self._at_end,
                    self._stop if order.ends_process else None,
                    self._watching.failed,
                )
        if self._result is None:  # a forked child of the script that came back this far
            sys.exit(exit_code)
        return self._result if exit_code >= 0 else replace(self._result, exit_code=exit_code)

    def _swapped(self) -> AbstractContextManager[None]:
        """Another function in the script's sites, where a recipe asks for one."""
        order = self._order
        if order.recipe is None:
            return nullcontext()
        from stetho.trials.recipe import parse

        self._function = parse(order.recipe).function.name
        if is_launcher(order.target, order.as_module):  # its ranks get it
            return nullcontext()
        from stetho.choosing import with_recipe

        return with_recipe(order.recipe, order.target, order.arguments, order.as_module)

    def _stop(self) -> None:
        self._stderr.attempt("stop watching", self._watching.stop)

    def _at_end(self, exit_code: int) -> None:
        if self._result is not None or os.getpid() != self._process:
            return
        with self._terminating.held(), unhurried() if self._order.ends_process else nullcontext():
            self._stderr.attempt("diagnose the run", lambda: self._conclude(exit_code))
        if self._result is None:  # the script has run: its exit code must pass through
            diagnosis = Diagnosis("No diagnosis: it failed, as was said before.")
            run = new_run(self._order.command)
            self._result = Result(run=run, diagnosis=diagnosis, file=None, exit_code=exit_code)

    def _conclude(self, exit_code: int) -> None:
        self._trigger.stop()
        watching = self._watching
        try:
            ended = watching.end(exit_code)
        except RunFileError as error:
            ended = new_run(self._order.command), Diagnosis(f"No diagnosis: {error}")
        if ended is None:
            return
        quiet = watching.follows or self._parent is not None  # another process reports
        if quiet:
            ended = ended[0], Diagnosis("Told by the process that leads.")
        else:
            ended = gather(self._settings, self._started, *ended, function=self._function)
        if self._parent is not None and (watching.follows or not watching.steps):
            watching.file.unlink(missing_ok=True)
        kept = self._file if watching.file.exists() else None
        if self._file.parent.name.startswith(OF_RANK):
            shutil.rmtree(self._file.parent, ignore_errors=True)
        self._result = Result(*ended, kept, exit_code)
        if not quiet:
            self._report(self._result)

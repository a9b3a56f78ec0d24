"""A training in progress → a run file and, in the end, its diagnosis."""

from __future__ import annotations

import itertools
import os
import platform
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from stetho.diagnose import diagnose
from stetho.errors import RunFileError
from stetho.record import Diagnosis, Overhead, Run
from stetho.store import RunWriter
from stetho.summarise import native
from stetho.version import __version__

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer as TorchOptimizer

    from stetho.integrations.keras import KerasSteps
    from stetho.observe.observer import Observer
    from stetho.observe.ranks import Group
    from stetho.observe.schedule import Schedule
    from stetho.summarise.recorder import Recorder

OF_RANK = "stetho-rank-"  # begins the name of a folder for a run file that nobody is to see


def new_run(command: str, kind: str = "run") -> Run:
    """An empty run, made now, on this machine."""
    return Run(
        command=command,
        kind=kind,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions={"stetho": __version__, "python": platform.python_version()},
    )


class Watching:
    """Joins the rooms for one training: observer → recorder → run file → diagnosis.

    `begin` may come late (when the script has imported torch); `end` takes everything off again.
    `file` None: a temporary file, gone with this object. `needed`: whether there must be one; else
    a run whose file cannot be made is kept in memory.
    """

    active: ClassVar[list[Watching]] = []  # that have begun in this process, or in its parent

    def __init__(self, run: Run, file: Path | None, *, needed: bool = True) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if file is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="stetho-")
            file = Path(self._temporary.name) / "run.stetho"
        self.file = file
        self.header = run
        self._write_errors: list[str] = []
        self._writer = RunWriter(file, run, self._on_write_error, needed=needed)
        self._recorder: Recorder | None = None
        self._observer: Observer | None = None
        self._keras: KerasSteps | None = None
        self._process = os.getpid()
        self.follows = False  # whether another rank's report tells of this process too

    def _on_write_error(self, error: RunFileError) -> None:
        self._write_errors.append(str(error))

    def failed(self, fault: Exception) -> None:
        """Note a fault of our own: the verdict will say that it is incomplete."""
        self._writer.note_fault("".join(traceback.format_exception(fault)))

    def begin(
        self,
        schedule: Schedule,
        models: Sequence[nn.Module] = (),
        optimizers: Sequence[TorchOptimizer] = (),
    ) -> None:
        import torch

        from stetho.integrations.keras import KerasSteps
        from stetho.observe.observer import Observer

        self._writer.set_version("torch", torch.__version__)
        self._observer = Observer(self.recorder(), schedule, models, optimizers, self._join)
        self._observer.start()
        self._keras = KerasSteps(self._observer)
        self._keras.start()
        Watching.active.append(self)

    @property
    def is_ours(self) -> bool:
        """Whether this process began it; a fork of it did not."""
        return os.getpid() == self._process

    @property
    def steps(self) -> int:
        """Training steps seen so far."""
        return 0 if self._observer is None else self._observer.step

    def later(self, act: Callable[[], None]) -> None:
        """Do something as soon as no code of ours is running (it came by a signal)."""
        if self._observer is None:
            act()
        else:
            self._observer.guard.later(act)

    def abandon(self) -> None:
        """Take everything off, and write nothing more: this process is a fork of the watched."""
        self.stop()
        if self in Watching.active:
            Watching.active.remove(self)

    def stop(self) -> None:
        """Take everything off; nothing is seen from now on."""
        if self._keras is not None:
            self._keras.stop()
        if self._observer is not None:
            self._observer.stop()

    def _join(self, group: Group) -> None:
        """This process is one of several ranks: the first of this machine joins their numbers."""
        from stetho.summarise.exchange import Follower, Leader

        if self._recorder is None:
            return
        self.follows = group.place > 0
        if self.follows:
            self._recorder.ranks = Follower(group.folder, group.place)
        else:
            self._recorder.ranks = Leader(group.folder, group.size)
            first = group.rank
            self._writer.set_device(
                f"cpu, ranks {first} to {first + group.size - 1} of {group.world} together"
            )

    def recorder(self) -> Recorder:
        """What an observer hands its events to: ours, or that of somebody else."""
        from stetho.summarise.recorder import Recorder

        self._recorder = Recorder(self._writer)
        return self._recorder

    def begin_checkup(self, probe: Callable[[Recorder], None]) -> None:
        """Take one probe, by a function that hands its events to a recorder."""
        probe(self.recorder())

    def end(self, exit_code: int | None = 0) -> tuple[Run, Diagnosis] | None:
        """Stop, close the run file and diagnose. `None` in a child process of the watched one."""
        if not self.is_ours:
            return None
        if self in Watching.active:
            Watching.active.remove(self)
        overhead = Overhead()
        self.stop()
        if self._observer is not None:
            schedule = self._observer.schedule
            overhead = Overhead(
                seconds=schedule.spent,
                total=self._observer.seconds,
                probes=schedule.probes,
                steps=self._observer.step,
                compiled=native.core is not None,
            )
        if self._recorder is not None:
            self._recorder.finish()
        self._writer.finish(exit_code, overhead)
        run = self._writer.read()
        if not self.file.exists() and not self._write_errors:
            self._write_errors.append(f"the run file {self.file} was removed while it was written")
        run = replace(run, unseen=(*run.unseen, *self._write_errors))
        diagnosis = diagnose(run)
        self._writer.add_diagnosis(diagnosis)
        self._writer.close()
        if self._temporary is not None:
            self._temporary.cleanup()
        return run, diagnosis


def default_file(target: str, prefix: str = "") -> Path:
    """`stetho-runs/<script>-<time>.stetho` below the working directory; never one that exists.

    The name is taken at once, by an empty file, so that no other process gets it.
    """
    name = prefix + (Path(target).stem or "run")
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    folder = Path("stetho-runs")
    for count in itertools.count(1):
        candidate = folder / f"{name}-{stamp}{f'-{count}' if count > 1 else ''}.stetho"
        try:
            folder.mkdir(exist_ok=True)
            candidate.touch(exist_ok=False)
        except FileExistsError:
            continue
        except OSError:  # whoever makes the run file says so
            return candidate
        return candidate
    raise AssertionError("there are always more numbers")


def own_file(target: str, output: Path | None) -> Path:
    """Where the run file goes; ranks that another one tells of keep theirs for themselves."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        return output or default_file(target)
    return Path(tempfile.mkdtemp(prefix=OF_RANK)) / "run.stetho"

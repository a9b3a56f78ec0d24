"""Processes that a watched script starts → watched too; their run files → one report.

Covered are `multiprocessing` (spawn, fork, forkserver) and the Python processes that launchers
start as ranks (torchrun, Lightning, accelerate). A child that trains writes a run file of its own
into a folder beside its parent's; of ranks that work together, the first one's holds them all.
"""

from __future__ import annotations

import multiprocessing.process
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stetho.errors import StethoError, UsageError
from stetho.observe import ranks
from stetho.observe.on_import import AfterImport
from stetho.patching import patched
from stetho.record import Diagnosis, Run
from stetho.running.watching import Watching, new_run
from stetho.store import SUFFIX, read_diagnosis, read_run

PARENT = "STETHO_PARENT"  # environment variable: the run file of the process that began it all
RANK_MARKS = ("LOCAL_RANK", "ACCELERATE_MIXED_PRECISION")  # what launchers tell their children
LAUNCHERS = ("torchrun", "accelerate")
LAUNCHING_MODULES = ("torch.distributed.run", "accelerate.commands.launch")
AGENT = "TORCHELASTIC_USE_AGENT_STORE"  # torchrun tells its ranks where they meet
WITH_VALUE = ("-X", "-W")  # options of Python that take the next argument
NEVER_TRAIN = ("torch.utils.data", "multiprocessing.managers", "multiprocessing.resource")


@dataclass(frozen=True, slots=True)
class Settings:
    """How children are to be watched."""

    file: str  # run file of the process that began it all
    budget: float
    every: int | None
    recipe: str | None = None  # of `stetho run --with`; reaches ranks, no other children

    @property
    def folder(self) -> Path:
        return Path(f"{self.file}.processes")

    @property
    def meeting(self) -> str:
        return str(self.folder / "ranks")

    def options(self) -> list[str]:
        every = [f"--every={self.every}"] if self.every else []
        recipe = [f"--with={self.recipe}"] if self.recipe else []
        return [f"--budget={self.budget}", *every, *recipe]


@dataclass(slots=True)
class Started:
    """What a script has started beside the processes that are watched."""

    forked: int = 0  # by a bare os.fork


@dataclass(slots=True)
class WatchedTarget:
    """What a child process is to run, under watch. Travels to the child by pickle."""

    target: Callable[..., Any]
    settings: Settings

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with watching_child(self.settings, getattr(self.target, "__name__", "a process")):
            return self.target(*args, **kwargs)


@contextmanager
def watching_child(settings: Settings, what: str) -> Iterator[None]:
    """Watch what a child process does; its run file stays where it has trained and leads."""
    from stetho.observe.schedule import Schedule

    _let_go_of_parent()
    ranks.meeting = settings.meeting
    file = settings.folder / f"{os.getpid()}{SUFFIX}"
    try:
        watching = Watching(new_run(f"{what} (a process of the script)"), file)
    except StethoError:  # the disk is full, say: the child runs all the same
        yield
        return
    schedule = Schedule(settings.budget, settings.every)
    trigger = AfterImport("torch", lambda: watching.begin(schedule), watching.failed)
    code = 1
    try:
        trigger.start()
        with watch_children(settings):
            yield
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))
        raise
    finally:
        trigger.stop()
        with suppress(StethoError):
            watching.end(code)
        if watching.follows or not watching.steps:
            file.unlink(missing_ok=True)


def is_launcher(target: str, as_module: bool) -> bool:
    """Whether it trains nothing itself, but starts ranks, to which it hands what they need."""
    return target in LAUNCHING_MODULES if as_module else Path(target).name in LAUNCHERS


def child_file(parent: str) -> Path:
    """The run file of a rank that a watched launcher has started."""
    return Settings(parent, 0.0, None).folder / f"{os.getpid()}{SUFFIX}"


def _let_go_of_parent() -> None:
    """A forked child inherits its parent's hooks, which write nowhere there."""
    for watching in list(Watching.active):
        watching.abandon()


# -- the parent's side ---------------------------------------------------------------------------


@contextmanager
def watch_children(settings: Settings) -> Iterator[Started]:
    """While it is on, processes that may train are started under watch."""
    before, started = ranks.meeting, Started()

    def watching_start(start: Any) -> Any:
        def watched_start(process: Any) -> None:
            forked = started.forked
            target = getattr(process, "_target", None)
            if target is not None and not _never_trains(target):
                process._target = WatchedTarget(target, settings)
            try:
                start(process)
            finally:
                started.forked = forked  # multiprocessing's own fork is no bare one
                if hasattr(process, "_target"):
                    process._target = target

        return watched_start

    def watching_popen(popen: Any) -> Any:
        def watched_popen(child: Any, args: Any, *rest: Any, **options: Any) -> None:
            launched = _as_rank(args, options.get("env"), settings)
            if launched is not None:
                args, options["env"] = launched
                ranks.meeting = settings.meeting  # this process may be a rank beside it (Lightning)
            popen(child, args, *rest, **options)

        return watched_popen

    with (
        patched(multiprocessing.process.BaseProcess, "start", watching_start),
        patched(subprocess.Popen, "__init__", watching_popen),
        _counting_forks(started),
    ):
        try:
            yield started
        finally:
            ranks.meeting = before


def _counting_forks(started: Started) -> AbstractContextManager[None]:
    if not hasattr(os, "fork"):
        return nullcontext()

    def counting(fork: Callable[[], int]) -> Callable[[], int]:
        def counted() -> int:
            child = fork()
            started.forked += bool(child)
            return child

        return counted

    return patched(os, "fork", counting)


def _never_trains(target: Any) -> bool:
    module = getattr(target, "__module__", "") or ""
    return module.startswith(NEVER_TRAIN) or isinstance(target, WatchedTarget)


def _as_rank(args: Any, env: Any, settings: Settings) -> tuple[list[str], dict[str, str]] | None:
    """The command that runs a rank under watch, and its environment; `None`: it is no rank."""
    if env is None or not isinstance(args, (list, tuple)) or not args:
        return None
    told = any(mark in env and env[mark] != os.environ.get(mark) for mark in RANK_MARKS)
    if not told or args[0] != sys.executable:
        return None
    words = [os.fspath(word) for word in args]
    place = _script_at(words)
    if place is None:
        return None
    if settings.recipe is not None and AGENT not in env:
        raise UsageError(
            "expected --with for ranks that torchrun or accelerate starts, but this script starts "
            f"them by itself: {' '.join(words[place:])}; run it by torchrun, or put the function "
            "into its model by stetho.swap"
        )
    command = [*words[:place], "-m", "stetho", "run", *settings.options(), *words[place:]]
    return command, {**env, PARENT: settings.file, ranks.MEETING: settings.meeting}


def _script_at(words: Sequence[str]) -> int | None:
    """Where in a command the script, or the `-m` before a module, stands."""
    place = 1
    while place < len(words):
        word = words[place]
        if word == "-m":
            ours = words[place + 1 : place + 2] == ["stetho"]
            return None if ours else place
        if not word.startswith("-"):
            return place if os.path.isfile(word) else None
        if word.startswith("-c"):
            return None
        place += 2 if word in WITH_VALUE else 1
    return None


def clear_away(settings: Settings) -> None:
    """Remove what a former run of the same name has left of its processes."""
    for file in settings.folder.glob(f"*{SUFFIX}*") if settings.folder.is_dir() else []:
        with suppress(OSError):
            file.unlink()


# -- what came of them ---------------------------------------------------------------------------


def gather(
    settings: Settings,
    started: Started,
    own: Run,
    diagnosis: Diagnosis,
    function: str | None = None,
) -> tuple[Run, Diagnosis]:
    """The run that the report is to be about: our own or, if we took no step, a child's.

    The run file of a child that is taken goes to the place of ours. Others are named, and so are
    processes that were not watched or did not get `function`, that of the recipe of `--with`.
    """
    folder = settings.folder
    files = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    found = [(file, run) for file in files for run in [_read(file)] if run is not None]
    found.sort(key=lambda pair: -_steps(pair[1]))
    own = replace(own, unseen=(*own.unseen, *_unreached(settings, started, found, function)))
    if found and not _steps(own):
        file, run = found.pop(0)
        unseen = (*run.unseen, *own.unseen)
        own = replace(run, command=own.command, exit_code=own.exit_code, unseen=unseen)
        diagnosis = read_diagnosis(file) or _diagnosed(own)
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                os.replace(f"{file}{suffix}", f"{settings.file}{suffix}")
    if found:
        names = ", ".join(str(file) for file, _ in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        sentence = f"other processes of the script trained as well: see {names}{more}"
        own = replace(own, unseen=(*own.unseen, sentence))
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return own, diagnosis


def _unreached(
    settings: Settings,
    started: Started,
    found: Sequence[tuple[Path, Run]],
    function: str | None,
) -> Iterator[str]:
    """What was not watched, and what runs with the author's functions in spite of a recipe."""
    if started.forked:
        many = f"{started.forked} process{'es' if started.forked > 1 else ''}"
        yield f"the script made {many} by os.fork, not watched: multiprocessing's are"
    if function is None:
        return
    without = [file for file, run in found if function not in _functions(run)]
    if without:
        names = ", ".join(str(file) for file in without[:3])
        yield (
            f"--with {settings.recipe} did not reach processes that the script starts by itself, "
            f"which kept their functions: {names}; put it into them by stetho.swap"
        )


def _functions(run: Run) -> set[str]:
    return {site.function.name for site in run.sites}


def _read(file: Path) -> Run | None:
    try:
        run = read_run(file)
    except StethoError:
        return None
    return run if _steps(run) else None


def _steps(run: Run) -> int:
    return max(run.overhead.steps, *run.loss_steps[-1:], len(run.probes), 0)


def _diagnosed(run: Run) -> Diagnosis:
    from stetho.diagnose import diagnose

    return diagnose(run)

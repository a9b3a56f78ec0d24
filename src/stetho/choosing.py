"""A script, or a function that trains → which activation function it should use."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stetho.errors import RunFileError, UsageError
from stetho.record import Choice
from stetho.running.watching import new_run
from stetho.store.race_file import KIND, RaceFile

if TYPE_CHECKING:
    from stetho.trials.engine import AbstractEngine
    from stetho.trials.race import Progress
    from stetho.trials.settings import Settings

ALONE = {  # what torchrun tells a rank, where there is but one and no agent
    "RANK": "0",
    "WORLD_SIZE": "1",
    "LOCAL_WORLD_SIZE": "1",
    "MASTER_ADDR": "127.0.0.1",
    "TORCHELASTIC_USE_AGENT_STORE": "False",
}
ENGINES = ("process", "local", "ray")


@dataclass(frozen=True)
class ChoiceResult:
    """What a race has shown. Prints as the terminal report."""

    choice: Choice
    file: Path | None = None  # the race file, where one was kept

    @property
    def winner(self) -> str:
        return self.choice.winner

    @property
    def failed(self) -> bool:
        """No verdict, as every trial of the other functions broke off."""
        from stetho.trials.advice import broke_off

        return broke_off(self.choice)

    def text(self, width: int = 80, color: bool = False) -> str:
        from stetho.report import choice_text

        return choice_text(self.choice, width=width, color=color, file=self.file)

    def json(self) -> dict[str, Any]:
        from stetho.report import choice_json

        return choice_json(self.choice, file=self.file)

    def html(self) -> str:
        """One self-contained HTML file."""
        from stetho.report import choice_html

        return choice_html(self.choice, file=self.file)

    def _repr_html_(self) -> str:
        from stetho.report import choice_panel

        return choice_panel(self.choice, file=self.file)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__


class Silent:
    """A progress that tells nobody."""

    def phase(self, title: str, trials: int, steps: int) -> None: ...

    def ended(self, trial: Any, outcome: Any) -> None: ...


def choose(
    train: Callable[[], Any] | str | Path,
    candidates: Sequence[str] | None = None,
    *,
    arguments: Sequence[str] = (),
    as_module: bool = False,
    replace: str | None = None,
    sites: Sequence[str] = (),
    steps: int | None = None,
    pairs: int = 6,
    budget: float = 600.0,
    lr_grid: Sequence[float] = (1.0,),
    init: str = "auto",
    metric: str = "",
    memory: int | None = None,
    engine: str | None = None,
    workers: int | None = None,
    ray_address: str | None = None,
    file: str | Path | None = None,
    progress: Progress | None = None,
) -> ChoiceResult:
    """Race activation functions inside an unchanged training script, or a function that trains.

    Args:
        train: path of a script (with `as_module` the name of a module), each of whose trials runs
            in a process of its own; or a function without arguments that builds a model and trains
            it, which runs in this process again and again.
        candidates: recipes such as "elu", "leaky_relu:0.1", "selu+lecun", "relu+batchnorm".
        replace: the function to replace; by default that of most hidden sites.
        sites: patterns of the names of the sites to replace (`layers.*`); all hidden ones.
        steps: of a trial in the last rung; by default a third of the script's own.
        pairs: of the last rung, 6 or more.
        budget: seconds that it may take.
        lr_grid: factors on the learning rate that each candidate is tried with.
        init: "auto", "keep", "match", "critical", or a method of `stetho.init_`.
        metric: one that the script reports by `stetho.log`, "heldout-loss" or "training-loss";
            `name:min` or `name:max` where the name does not say which end is better.
        memory: bytes by which a trial may grow.
        engine: "process", "local" (in this process) or "ray".
        workers: trials that run in parallel; by default one per core.
        ray_address: of a Ray cluster; by default one on this machine.
        progress: `phase` of it is called as a rung begins, `ended` as a trial has ended.
        file: keeps every trial as soon as it has ended; `resume` goes on from there.

    Raises:
        UsageError: the settings do not fit, or the script cannot be raced; no trial was run.
    """
    from stetho.trials.settings import DEFAULT_CANDIDATES, Settings
    from stetho.trials.trial import Script

    function = train if callable(train) else None
    target = getattr(train, "__qualname__", "train") if function else str(train)
    if function is None and not as_module:
        target = os.path.abspath(target)
    settings = Settings(
        script=Script(target, tuple(arguments), as_module, os.getcwd()),
        candidates=tuple(candidates or DEFAULT_CANDIDATES),
        replace=replace,
        sites=tuple(sites),
        steps=steps,
        pairs=pairs,
        budget=budget,
        lr_grid=tuple(lr_grid),
        init=init,
        metric=metric,
        memory=memory,
    )
    source = _source(settings) if function is None else ""
    kept = None
    if file is not None:
        kept = RaceFile.new(Path(file), new_run(f"stetho choose {train}", kind=KIND))
        kept.put("settings", json.dumps(asdict(settings)))
        kept.put("source", json.dumps(source))
    with make_engine(engine, function, workers, ray_address) as running:
        return _race(settings, running, kept, progress)


def resume(
    file: str | Path,
    *,
    engine: str | None = None,
    workers: int | None = None,
    ray_address: str | None = None,
    progress: Progress | None = None,
) -> ChoiceResult:
    """Go on with a race of a script that was interrupted, from the trials that its file has.

    Raises:
        RunFileError: it is no race file, or the script has changed since.
    """
    from stetho.trials.settings import settings_of

    kept = RaceFile.old(Path(file))
    settings = settings_of(json.loads(kept.get("settings") or "{}"))
    if json.loads(kept.get("source") or '""') != _source(settings):
        raise RunFileError(
            f"expected {settings.script.target} as it was when the race in {file} began, but it "
            "has changed since; start a new race"
        )
    with make_engine(engine, None, workers, ray_address) as running:
        return _race(settings, running, kept, progress)


def _race(
    settings: Settings, engine: AbstractEngine, kept: RaceFile | None, progress: Progress | None
) -> ChoiceResult:
    from stetho.trials.race import Race

    choice = Race(settings, engine, kept, progress or Silent()).run()
    if kept is not None:
        kept.put("choice", json.dumps(asdict(choice)))
    return ChoiceResult(choice, kept.path if kept is not None else None)


def read_choice(file: Path) -> ChoiceResult | None:
    """The result in a race file; `None` for a run file of another kind.

    Raises:
        RunFileError: it is no run file, or a race that did not come to its end.
    """
    from stetho.store import read_header
    from stetho.store.values import choice_of

    if read_header(file).kind != KIND:
        return None
    text = RaceFile.old(file).get("choice")
    if text is None:
        raise RunFileError(
            f"the race in {file} has not come to its end; go on with it by "
            f"`stetho choose --resume {file}`"
        )
    try:
        return ChoiceResult(choice_of(json.loads(text)), file)
    except (ValueError, RecursionError) as error:
        raise RunFileError(
            f"race file {file} is damaged ({error}): expected one that `stetho choose` wrote; copy "
            "it again, or race again"
        ) from error


def make_engine(
    name: str | None,
    train: Callable[[], Any] | None = None,
    workers: int | None = None,
    ray_address: str | None = None,
) -> AbstractEngine:
    """The engine of a name; by default processes for scripts, this process for functions."""
    if name is not None and name not in ENGINES:
        raise UsageError(f"expected an engine ({', '.join(ENGINES)}), got {name!r}")
    if train is not None and name not in (None, "local"):
        raise UsageError(
            f"expected engine='local' for a function, got {name!r}; give the path of a script to "
            "run its trials in processes of their own"
        )
    if train is not None or name == "local":
        from stetho.trials.engine import InProcess

        return InProcess(train)
    if name == "ray" or ray_address is not None:
        from stetho.trials.on_ray import OnRay

        return OnRay(ray_address, workers)
    from stetho.trials.processes import Processes

    return Processes(workers)


def _source(settings: Settings) -> str:
    """The script's text as a number; says before anything is started that there is no script."""
    from stetho.running.script import load

    file = Path(load(settings.script.target, settings.script.as_module).file)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


@contextmanager
def _alone() -> Iterator[None]:
    """A rank that is looked at meanwhile is the only one, and meets nobody.

    The store in which ranks meet outlives them: those that come after a look would find addresses
    of processes that have ended.
    """
    if "WORLD_SIZE" not in os.environ:
        yield
        return
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    alone = {**ALONE, "MASTER_PORT": port}
    before = {name: os.environ.get(name) for name in alone}
    os.environ.update(alone)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


@contextmanager
def with_recipe(
    recipe: str, target: str, arguments: Sequence[str], as_module: bool
) -> Iterator[None]:
    """A script that is run meanwhile has a recipe's function in its hidden sites.

    The script is looked at first, for two steps in a process of its own.
    """
    from stetho.trials.engine import Errand
    from stetho.trials.race import refuse_unfit
    from stetho.trials.recipe import parse
    from stetho.trials.stage import compiler_off
    from stetho.trials.transplant import Transplant
    from stetho.trials.trial import Script, Trial
    from stetho.trials.worker import swapped

    made = parse(recipe)
    place = target if as_module else os.path.abspath(target)
    script = Script(place, tuple(arguments), as_module, os.getcwd())
    with _alone(), make_engine("process", workers=1) as engine:
        scouting = engine.scout(Errand(Trial(script, recipe, incumbent=True, steps=2), (recipe,)))
    if not scouting.outcome.steps:
        raise UsageError(
            "expected a script that trains in the process that it is run in, but there no torch "
            "optimizer took a step; --with does not reach processes that a script starts by "
            "itself: put the function into their model by stetho.swap"
        )
    refuse_unfit(scouting)
    transplant = Transplant(made, scouting.places)
    try:
        with compiler_off(), swapped(transplant, made.init or "keep"):
            yield
    finally:
        sites = sum(len(one.sites) for one in scouting.places)
        print(
            f"stetho: {scouting.incumbent} was replaced by {recipe} at {sites} sites",
            file=sys.stderr,
        )

"""A trial → its outcome, in this process; an unchanged script → what a race must know of it."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from torch import nn

from stetho.errors import StethoError, faults_are_raised
from stetho.events import IdleSink
from stetho.observe.checkup import Call
from stetho.observe.schedule import Schedule
from stetho.prediction import Prediction, predict
from stetho.running.watching import Watching, new_run
from stetho.surgery import Surgery, init_
from stetho.surgery.initialising import make_critical, match_deviations, site_deviations
from stetho.trials import trial as forms
from stetho.trials.entries import Way, way_of
from stetho.trials.first_pass import FirstPass
from stetho.trials.places import PlacesSink, find
from stetho.trials.recipe import parse
from stetho.trials.stage import Stage, is_library, not_a_number, on_stage, perform
from stetho.trials.transplant import Transplant, refused
from stetho.trials.trial import Outcome, Scouting, Script, Trial, thinned

SCOUTED = 2  # steps whose sites are looked at
FINDINGS = 3  # of a trial's diagnosis that are kept
NOTHING = parse("identity+keep")  # a recipe for no place
Train = Callable[[], Any]


# -- one trial -------------------------------------------------------------------------------------


def run_trial(trial: Trial, train: Train | None = None) -> Outcome:
    """Run one trial to its end; whatever happens in it is its outcome, never an exception.

    `train` stands in for the script where a program races a function of its own.
    """
    with on_stage(trial.pair, trial.script.folder if train is None else ""):
        watching = Watching(new_run(trial.candidate), None) if trial.watch else None
        sink = watching.recorder() if watching is not None else IdleSink()
        schedule = Schedule() if trial.watch else Schedule(until=0)
        stage = Stage(sink, schedule, trial.steps, trial.seconds)
        before, began = memory_now(), time.perf_counter()
        notes: list[str] = []
        status, why = _perform(trial, stage, train or trial.script, notes)
        seconds = time.perf_counter() - began
        findings = _findings(watching)
    if status == forms.LEFT and trial.steps is None:
        status, why = forms.DONE, ""
    elif status == forms.LEFT:  # where the script as it is has gone on
        status, why = forms.RAISED, f"the script left after {stage.step} of {trial.steps} steps"
    losses = [float(loss) for loss in stage.losses]
    if _diverged(status, losses):
        status, why = forms.DIVERGED, not_a_number(_first_bad(losses))
    return replace(
        _outcome(stage, losses, status, why),
        step_seconds=schedule.step_seconds,
        seconds=seconds,
        memory=max(0.0, memory_peak() - before),
        findings=findings,
        notes=tuple(notes),
    )


def _diverged(status: str, losses: Sequence[float]) -> bool:
    """A script may go on heedlessly when its loss is not a number, or raise because of that."""
    if status == forms.RAISED:
        return bool(losses) and not math.isfinite(losses[-1])
    return status == forms.DONE and not all(map(math.isfinite, losses))


def _first_bad(losses: Sequence[float]) -> int:
    return next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))


def _perform(trial: Trial, stage: Stage, what: Script | Train, notes: list[str]) -> tuple[str, str]:
    recipe = NOTHING if trial.incumbent else parse(trial.candidate)
    places = () if trial.incumbent else trial.places
    transplant = Transplant(recipe, places, trial.pair, trial.lr, stage.on_heldout)
    try:
        with swapped(transplant, recipe.init or trial.init), stage.watched():
            return perform(what)
    finally:
        notes += transplant.notes


@contextmanager
def swapped(transplant: Transplant, init: str) -> Iterator[None]:
    """What is run meanwhile has the functions of a transplant, and weights set as `init` says."""
    first = FirstPass(lambda model, call: _initialise(transplant, init, model, call))
    if init != "keep":
        first.start()
    transplant.start()
    try:
        yield
    finally:
        transplant.stop()
        first.stop()


def _initialise(transplant: Transplant, init: str, model: nn.Module, call: Call) -> None:
    """Set the weights of a model before its first training pass, from the draws that are there."""
    record = transplant.recipe.function
    done = Surgery(init)
    try:
        if init == "match":
            with transplant.suspended():
                wanted = site_deviations(model, call)
            match_deviations(model, call, wanted, done)
        elif init == "critical":
            make_critical(model, call, record, done, draws="kept")
        else:
            done = init_(model, call, init, draws="kept")
    except Exception as error:
        if faults_are_raised() and not isinstance(error, StethoError):
            raise
        raise refused(f"the weights cannot be set by {init!r}: {error}") from error
    transplant.notes += [f"{init}: {len(done)} weights set", *done.notes]


def _findings(watching: Watching | None) -> tuple[tuple[str, str, str], ...]:
    ended = watching.end() if watching is not None else None
    if ended is None:
        return ()
    ordered = sorted(ended[1].findings, key=lambda finding: -finding.severity)
    return tuple((f.severity.word, f.rule, f.message) for f in ordered[:FINDINGS])


# -- scouting --------------------------------------------------------------------------------------


def scout(
    trial: Trial,
    candidates: Sequence[str],
    function: str | None,
    patterns: Sequence[str],
    train: Train | None = None,
) -> Scouting:
    """Run the script unchanged, and see where it applies which functions and how long it takes.

    `trial` says what to run and when to stop; at its first step theory looks at each candidate.
    `function` and `patterns` say what is to be replaced, as in `places.find`.
    """
    functions = list(dict.fromkeys(parse(name).function.label for name in candidates))
    predicted: dict[str, Prediction] = {}
    unseen: list[str] = []

    def look(model: nn.Module, call: Call) -> None:
        if not predicted:
            predicted.update(_predictions(model, call, functions, unseen))

    with on_stage(trial.pair, trial.script.folder if train is None else ""):
        sink = PlacesSink()
        schedule = Schedule(every=1, until=SCOUTED)
        stage = Stage(sink, schedule, trial.steps, trial.seconds, through=True)
        sink.names = stage.observer.structure.names
        first = FirstPass(look)
        listener = Transplant(NOTHING, (), on_loss=stage.on_heldout)
        began = time.perf_counter()
        first.start()
        listener.start()
        try:
            with stage.watched():
                status, why = perform(train or trial.script)
        finally:
            listener.stop()
            first.stop()
        seconds = time.perf_counter() - began
        modules = _libraries()
    found = find(sink, function, patterns)
    hidden = {site for place in found.places for site in place.sites}
    ways = {name: _way(prediction, hidden) for name, prediction in predicted.items()}
    outcome, ended = _judged(trial, stage, status, why)
    outcome = replace(outcome, step_seconds=schedule.step_seconds, seconds=seconds)
    return Scouting(
        outcome=outcome,
        places=found.places,
        left=found.left,
        incumbent=found.incumbent,
        ways=ways,
        modules=modules,
        ended=ended,
        unseen=tuple(dict.fromkeys([*sink.sentences, *unseen])),
    )


def _judged(trial: Trial, stage: Stage, status: str, why: str) -> tuple[Outcome, bool]:
    """What came of the unchanged script, and whether it came to its own end before its time."""
    losses = [float(loss) for loss in stage.losses]
    if status == forms.LEFT:
        status = forms.DONE
    ended = status == forms.DONE and (trial.steps is None or stage.step < trial.steps)
    if status == forms.TIMED_OUT:
        status, why = forms.DONE, ""
    if _diverged(status, losses):
        # One that leaves at the first such loss has not come to the end that it has otherwise.
        ended = ended and _first_bad(losses) < len(losses) - 1
        status, why = forms.DIVERGED, not_a_number(_first_bad(losses))
    return _outcome(stage, losses, status, why), ended


def _outcome(stage: Stage, losses: list[float], status: str, why: str) -> Outcome:
    """All but what a trial took: its time and memory."""
    return Outcome(
        status=status,
        why=why,
        steps=stage.step,
        area=sum(losses) / len(losses) if losses else math.nan,
        losses=thinned(losses),
        metrics={name: tuple(values) for name, values in stage.metrics.items()},
        heldout=stage.heldout,
    )


def _predictions(
    model: nn.Module, call: Call, functions: Sequence[str], unseen: list[str]
) -> dict[str, Prediction]:
    """What theory says of each function in this model; nothing where it fails."""
    try:
        return {name: predict(model, call, activation=name) for name in functions}
    except Exception as error:
        if faults_are_raised() and not isinstance(error, StethoError):
            raise
        unseen.append(f"theory has nothing to say of this model: {error!r}")
        return {}


def _way(prediction: Prediction, hidden: set[str]) -> Way:
    sites = prediction.sites
    if not all(site.valid for site in sites if site.name in hidden):
        return math.nan, math.nan
    return way_of(
        [site.name for site in sites],
        [site.z_std for site in sites],
        [site.grad_rms for site in sites],
        hidden,
    )


def _libraries() -> tuple[str, ...]:
    """Modules of installed packages that the script has loaded, and a fork may have before it."""
    names = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file and is_library(file) and not name.startswith(("_", "stetho")):
            names.append(name)
    return tuple(names)


# -- memory ----------------------------------------------------------------------------------------


def memory_now() -> float:
    """Bytes that this process has in memory; NaN where that is not told."""
    try:
        with open("/proc/self/statm") as file:
            return float(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return math.nan


def memory_peak() -> float:
    """The most that it ever had; NaN where that is not told."""
    try:
        import resource
    except ImportError:
        return math.nan
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit

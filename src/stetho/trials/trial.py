"""What one trial is to do, and what came of it: values that travel as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from stetho.record import NAN

DONE = "done"
DIVERGED = "diverged"
RAISED = "raised"
KILLED = "killed"
OUT_OF_MEMORY = "out-of-memory"
TIMED_OUT = "timed-out"
LEFT = "left"  # by sys.exit(0), which is an end or not; never told to a race
UNCONTAINED = "uncontained"  # it was about to write where it must not; ends the race
REFUSED = "refused"  # the recipe cannot be put into this script

KEPT = 2_000  # losses of a trial that are kept; of more, means of neighbours


@dataclass(frozen=True, slots=True)
class Script:
    """The script that is raced, as it was called."""

    target: str  # path of a script, or name of a module
    arguments: tuple[str, ...] = ()
    as_module: bool = False
    folder: str = ""  # working directory


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a script that applies an activation function."""

    kind: str  # "module": a module that is a function; "call": a function called in some line
    function: str  # name in the catalogue, or class of a module that it does not know
    model: str = ""  # class of the outermost module
    path: str = ""  # of the module; of a call: of the modules whose forward it stands in, by commas
    where: str = ""  # of a call: file:line:instruction
    uses: int = 1  # how often one forward pass comes by
    hidden: tuple[int, ...] = (0,)  # which of these are to be swapped
    sites: tuple[str, ...] = ()  # names of the sites that are to be swapped
    layers: tuple[str, ...] = ()  # paths of the layers before them that no normalisation follows


@dataclass(frozen=True, slots=True)
class Trial:
    """One training run with one recipe and one seed."""

    script: Script
    candidate: str  # a recipe; the script's own function stands for itself
    incumbent: bool = False  # nothing is swapped
    init: str = "keep"  # resolved: never "auto"
    pair: int = 0  # trials of one number share seeds; 0 has the author's own
    lr: float = 1.0  # factor on the script's learning rate
    steps: int | None = None  # where to stop; None: where the script stops
    places: tuple[Place, ...] = ()
    watch: bool = False  # take probes and diagnose
    seconds: float | None = None  # stop a trial that takes longer
    memory: int | None = None  # bytes of address space that it may use

    @property
    def key(self) -> str:
        """Names a trial within its race."""
        return json.dumps([self.candidate, self.init, self.lr, self.pair, self.steps])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial."""

    status: str = DONE
    why: str = ""  # in words, where it is not done
    steps: int = 0
    area: float = NAN  # mean of the training loss over its steps
    losses: tuple[float, ...] = ()  # thinned to KEPT
    metrics: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    heldout: tuple[tuple[int, float], ...] = ()  # losses seen without gradients: (step, mean)
    step_seconds: float = NAN  # median
    seconds: float = NAN
    memory: float = NAN  # bytes by which the process grew at most
    findings: tuple[tuple[str, str, str], ...] = ()  # (severity, rule, message), gravest first
    notes: tuple[str, ...] = ()  # what was done to the script's model

    @property
    def done(self) -> bool:
        return self.status == DONE

    @property
    def diverged(self) -> bool:
        """The loss is not a number any more: a result, unlike other failures."""
        return self.status == DIVERGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scouting:
    """What a look at the unchanged script told."""

    outcome: Outcome
    places: tuple[Place, ...] = ()
    left: tuple[str, ...] = ()  # sites that stay as they are, and why: sentences
    incumbent: str = ""  # the function that is to be replaced
    ways: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # by function; see
    #                                                                        `carrying`
    modules: tuple[str, ...] = ()  # libraries that the script loads
    ended: bool = False  # the script came to its own end
    unseen: tuple[str, ...] = ()
    network: bool = False  # it does not run without the machine's network
    alone: bool = False  # two at one time would meet at a port


Answer = TypeVar("Answer", Outcome, Scouting)


def refused(answer: Answer, why: str) -> Answer:
    """What came of a trial that, if there is a `why`, was about to write where it must not."""
    if not why:
        return answer
    if isinstance(answer, Scouting):
        return replace(answer, outcome=replace(answer.outcome, status=UNCONTAINED, why=why))
    return replace(answer, status=UNCONTAINED, why=why)


def thinned(losses: tuple[float, ...] | list[float], most: int = KEPT) -> tuple[float, ...]:
    """At most `most` values: means of equal stretches."""
    if len(losses) <= most:
        return tuple(losses)
    edges = [len(losses) * i // most for i in range(most + 1)]
    return tuple(sum(losses[a:b]) / (b - a) for a, b in zip(edges, edges[1:]))


# -- JSON ------------------------------------------------------------------------------------------


def to_json(value: Trial | Outcome | Scouting) -> str:
    """Python's JSON with NaN and Infinity in it: read by nobody but `of_json`."""
    return json.dumps(asdict(value), separators=(",", ":"))


def trial_of(row: Mapping[str, Any]) -> Trial:
    script: Script = _made(Script, row["script"])
    made: Trial = _made(Trial, row, script=script, places=_places(row))
    return made


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    """What is missing has its default: a process that was killed has told nothing."""
    metrics = {name: _tuples(values) for name, values in row.get("metrics", {}).items()}
    made: Outcome = _made(Outcome, row, metrics=metrics)
    return made


def scouting_of(row: Mapping[str, Any]) -> Scouting:
    ways = {name: _tuples(way) for name, way in row["ways"].items()}
    outcome = outcome_of(row["outcome"])
    made: Scouting = _made(Scouting, row, outcome=outcome, places=_places(row), ways=ways)
    return made


def _places(row: Mapping[str, Any]) -> tuple[Place, ...]:
    return tuple(_made(Place, place) for place in row["places"])


def _made(kind: Any, row: Mapping[str, Any], **given: Any) -> Any:
    known = {item.name for item in fields(kind)}
    plain = {key: _tuples(value) for key, value in row.items() if key in known}
    return kind(**{**plain, **given})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value

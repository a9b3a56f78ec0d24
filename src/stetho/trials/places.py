"""The first training steps of an unchanged script → the places where functions may be swapped."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import CodeType, FrameType
from typing import Any

import torch

from stetho import activations
from stetho.events import IdleSink, PendingSite, SiteCall
from stetho.observe.tracker import Names
from stetho.record import Layer, Site
from stetho.trials.trial import Place

# Files of torch that stand between a line that says `F.relu(x)` and the mode that sees the call.
_PASSED_ON = (
    "torch/overrides.py",
    "torch/functional.py",
    "torch/nn/functional.py",
    "torch/_tensor.py",
    "torch/_jit_internal.py",
)
_OURS = __name__.rpartition(".")[0].rpartition(".")[0]  # stetho
_passes: dict[CodeType, bool] = {}


def caller(frame: FrameType | None) -> FrameType | None:
    """The frame that spells the call out, seen from a mode's `__torch_function__`."""
    while frame is not None and _is_passed_on(frame):
        frame = frame.f_back
    return frame


def _is_passed_on(frame: FrameType) -> bool:
    code = frame.f_code
    known = _passes.get(code)
    if known is None:
        file = code.co_filename.replace("\\", "/")
        module = str(frame.f_globals.get("__name__", ""))
        ours = module == _OURS or module.startswith(f"{_OURS}.")
        known = _passes[code] = ours or file.endswith(_PASSED_ON)
    return known


def place_of(frame: FrameType) -> str:
    """file:line:instruction; the same in every process that runs the same code."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}:{frame.f_lasti}"


def owner_of(frame: FrameType) -> torch.nn.Module | None:
    """The module in whose method the frame runs: its `self`."""
    owner = frame.f_locals.get("self")
    return owner if isinstance(owner, torch.nn.Module) else None


def here() -> FrameType | None:
    """The frame that spells out the call that we are in."""
    return caller(sys._getframe(1))


GATE = "a gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """One site, and the place that it stands in."""

    site: str
    function: str
    kind: str
    model: str
    path: str
    where: str


class PlacesSink(IdleSink):
    """Notes where each site of the first steps is spelled out, and what it feeds."""

    def __init__(self) -> None:
        super().__init__()
        self.uses: dict[str, _Use] = {}
        self.names: Names | None = None  # of the observer that this sink serves
        self.sites: dict[str, Site] = {}
        self.layers: dict[str, Layer] = {}
        self.losses: list[float] = []

    def site(self, call: SiteCall) -> PendingSite:
        if call.name not in self.uses:
            self.uses[call.name] = self._use(call)
        return _Retractable(self.uses, call.name)

    def _use(self, call: SiteCall) -> _Use:
        known = self.names.of_module(call.module) if self.names and call.module else None
        path, model = known or ("", "")
        if known is not None and _is_function(call):
            return _Use(
                site=call.name,
                function=call.function.name,
                kind="module",
                model=model,
                path=path,
                where="",
            )
        frame = here()
        where = place_of(frame) if frame is not None else ""
        return _Use(
            site=call.name,
            function=call.function.name,
            kind="call",
            model=model,
            path=path,
            where=where,
        )

    def structure(
        self, sites: Sequence[Site], layers: Sequence[Layer], parameters: Any, optimizers: Any
    ) -> None:
        self.sites = {site.name: site for site in sites}
        self.layers = {layer.name: layer for layer in layers}

    def loss(self, step: int, value: Any) -> None:
        self.losses.append(float(value))


class _Retractable:
    """A site that may turn out to be a part of another."""

    def __init__(self, uses: dict[str, _Use], name: str) -> None:
        self._uses, self._name = uses, name

    def gradients(self, upstream: Any, downstream: Any, scale: Any) -> None: ...

    def discard(self) -> None:
        self._uses.pop(self._name, None)


def _is_function(call: SiteCall) -> bool:
    """Whether the innermost module is the function itself, of torch's or of the user's own."""
    if call.module is None or call.whole:
        return call.whole
    of_torch = type(call.module).__module__.startswith("torch.")
    return of_torch and activations.for_module(call.module) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What may be swapped in a script, and what stays, in sentences."""

    places: tuple[Place, ...]
    left: tuple[str, ...]
    incumbent: str


def find(sink: PlacesSink, replace: str | None, patterns: Sequence[str]) -> Found:
    """Sort the sites of a script into those to be swapped and those to be left.

    Args:
        replace: the function to replace; by default that of most hidden sites.
        patterns: names of sites (`layers.*/relu`); those alone, even if they are no hidden ones.
    """
    reasons = {name: _reason(sink, name, patterns) for name in sink.uses}
    groups: dict[tuple[str, str, str, str], list[_Use]] = {}
    for use in sink.uses.values():
        by_path = use.path if use.kind == "module" else ""
        groups.setdefault((use.kind, use.model, by_path, use.where), []).append(use)
    for uses in groups.values():
        if any(reasons[use.site] == GATE for use in uses):  # the first pass of a cell has zeros
            reasons.update((use.site, GATE) for use in uses)
    free = [name for name, why in reasons.items() if not why]
    counts = Counter(sink.uses[name].function for name in free)
    incumbent = replace or (counts.most_common(1)[0][0] if counts else "")
    for name in free:
        if sink.uses[name].function != incumbent:
            reasons[name] = f"{sink.uses[name].function}, not {incumbent}"
    places = [_place(sink, uses, reasons) for uses in groups.values()]
    left = tuple(f"{name}: {why}" for name, why in reasons.items() if why)
    return Found(tuple(place for place in places if place.hidden), left, incumbent)


def _reason(sink: PlacesSink, name: str, patterns: Sequence[str]) -> str:
    """Why a site is left as it is; "" if it may be swapped."""
    if patterns:
        return "" if any(fnmatchcase(name, pattern) for pattern in patterns) else "not in --sites"
    site = sink.sites.get(name)
    if site is None or site.output or all(_model(sink, one) != site.model for one in site.feeds):
        return "an output, no hidden site"
    if site.gate:
        return GATE
    return ""


def _model(sink: PlacesSink, layer: str) -> str:
    """The model that a layer belongs to: its name carries it, but for the first model's."""
    before, colon, _ = layer.partition(":")
    first = sink.names.first if sink.names is not None else ""
    return before if colon else first


def _place(sink: PlacesSink, uses: list[_Use], reasons: dict[str, str]) -> Place:
    hidden = tuple(i for i, use in enumerate(uses) if not reasons[use.site])
    chosen = [uses[i] for i in hidden]
    first = (chosen or uses)[0]
    sites = [sink.sites[use.site] for use in chosen if use.site in sink.sites]
    bare = dict.fromkeys(site.layer for site in sites if site.layer and site.norm is None)
    paths = dict.fromkeys(use.path for use in chosen)
    return Place(
        kind=first.kind,
        function=first.function,
        model=first.model,
        path=",".join(paths),
        where=first.where,
        uses=len(uses),
        hidden=hidden,
        sites=tuple(use.site for use in chosen),
        layers=tuple(str(layer).partition(":")[2] or str(layer) for layer in bare),
    )

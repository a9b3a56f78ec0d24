"""Calls of torch functions and modules during a probe → handed to the readers of calls."""

from __future__ import annotations

import gc
import inspect
import sys
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import (
    TorchFunctionMode,
    _get_current_function_mode_stack,
    _pop_mode,
    _push_mode,
)
from torch.utils._device import DeviceContext

from stetho import activations
from stetho.events import Sink, TargetCall
from stetho.observe import functions as forms
from stetho.observe.aside import (
    COMPILER,
    around_call,
    around_compiled,
    capturing,
    compiler,
    in_vmap,
    is_nested,
    lacks_values,
    on_fast_path,
    tracers,
)
from stetho.observe.composite import CompositeReader
from stetho.observe.ends import EndReader
from stetho.observe.gates import GateReader
from stetho.observe.guard import Guard
from stetho.observe.network import NetworkReader
from stetho.observe.on_import import AfterImport
from stetho.observe.origin import node_key
from stetho.observe.scene import Reading, Scene
from stetho.observe.sites import SiteReader
from stetho.observe.structure import Structure
from stetho.observe.tracebacks import is_ours
from stetho.observe.tracker import Frame, ModuleTracker
from stetho.observe.unseen import Unseen
from stetho.observe.warned import Callers, as_without_us
from stetho.patching import patched

Call = Callable[..., Any]
Reader = Callable[[Call, tuple[Any, ...], dict[str, Any]], "Reading | None"]


@dataclass
class Paused:
    """What to go on with, and how many have asked for the pause."""

    stack: list[Frame]
    joined: bool
    depth: int = 1


class Capture(TorchFunctionMode):
    """Sees what a script computes, from `open` to `close`; outside of that it costs nothing.

    With `models`, only what happens inside of these modules counts.
    """

    def __init__(
        self, sink: Sink, structure: Structure, guard: Guard, models: Sequence[nn.Module] = ()
    ) -> None:
        super().__init__()
        self.scene = Scene(sink=sink, structure=structure, guard=guard)
        self._making_way = ExitStack()  # holds what makes us pause
        self._aside = 0  # modules running on a path of torch's that no mode may look on
        self._models = {id(part) for model in models for part in model.modules()}
        self._tracker = ModuleTracker(
            structure.names, self.scene.stack, self._enter, self._leave, guard
        )
        self._sites = SiteReader(self.scene)
        self._network = NetworkReader(self.scene)
        self._composites = CompositeReader(self.scene, self._sites)
        self._paused: Paused | None = None  # while nothing of ours may run
        self._joined = False  # whether torch hands us its calls; modules without gradients: no
        activations.functions()  # both before a script can put others in their place
        _originals()
        self._resting = False
        self._callers = Callers(guard)
        self._readers: dict[Call, tuple[Reader | None, Call]] = {}
        self._gates = GateReader(self.scene)
        self._ends = EndReader(self.scene)
        network = self._network
        self._inside: tuple[Reader, ...] = (  # what counts only inside of the watched models
            self._sites.on_activation,
            network.on_layer,
            network.on_norm,
            network.on_recurrent,
            self._gates.on_product,
        )

    # -- opening and closing ---------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._tracker.active or self._paused is not None

    def open(self) -> None:
        if not self.is_open:
            self._tracker.start()
            self._aside = 0
            self._paused = None
            self._set_joined(True)
            watch = AfterImport(COMPILER, self._make_way_for_compiled, self.scene.guard.failed)
            watch.start()
            self._making_way.callback(watch.stop)
            self._make_way_for_graphs()
            self._making_way.enter_context(patched(warnings, "warn", as_without_us))

    def rest(self) -> None:
        """An optimizer's step holds no forward pass: torch need not hand us its calls."""
        if self._joined:
            self._set_joined(False)
            self._resting = True

    def resume(self) -> None:
        if self._resting:
            self._resting = False
            self._set_joined(True)

    def close(self) -> None:
        if self.is_open:
            self._making_way.close()
            self._paused = None
            self._resting = False
            self._tracker.stop()
            self._set_joined(False)
            self._callers.forget()
            self.scene.end_probe()

    def _make_way_for_graphs(self) -> None:
        """Pause while `torch.jit` traces, runs and checks what it traced."""
        make = around_call(self._pause, self._go_on)
        for owner, name in tracers():
            self._making_way.enter_context(patched(owner, name, make))

    def _make_way_for_compiled(self) -> None:
        """Pause while compiled code runs: it would be compiled again, with us in it."""
        make = around_compiled(self._before_compiled, self._go_on)
        self._making_way.enter_context(patched(compiler(), "_maybe_set_eval_frame", make))

    def _before_compiled(self) -> None:
        if self._tracker.active and self._tracker.on_its_thread():
            with self.scene.guard:
                self.scene.unseen(Unseen.COMPILED)
        self._pause()

    def _pause(self) -> None:
        if not self._tracker.on_its_thread():
            return
        if self._paused is not None:
            self._paused.depth += 1
        elif self._tracker.active:
            with self.scene.guard:
                self._paused = Paused(list(self.scene.stack), self._joined)
                self._set_joined(False)
                self._tracker.stop()

    def _go_on(self) -> None:
        if self._paused is None or not self._tracker.on_its_thread():
            return
        self._paused.depth -= 1
        if not self._paused.depth:
            with self.scene.guard:
                paused, self._paused = self._paused, None
                self._tracker.start()
                self.scene.stack[:] = paused.stack
                self._set_joined(paused.joined)

    def _join_torch(self) -> None:
        """Put this mode on torch's stack, under all others but that of the default device.

        A mode above may call another function than the script did (`stetho.swap`): what is really
        computed is what counts.
        """
        self._restack([*self._others(), self])

    def _leave_torch(self) -> None:
        """Take this mode off torch's stack, wherever in it other modes have left it."""
        self._restack(self._others())

    def _others(self) -> list[Any]:
        """torch's stack of modes without this one, the uppermost first."""
        stack = _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
        return [mode for mode in reversed(stack) if mode is not self]

    @staticmethod
    def _restack(modes: list[Any]) -> None:
        """Let torch's stack be these modes, the uppermost first; that of the device stays below."""
        for _ in range(len(_get_current_function_mode_stack())):  # type: ignore[no-untyped-call]
            _pop_mode()  # type: ignore[no-untyped-call]
        below = [mode for mode in modes if isinstance(mode, DeviceContext)]
        for mode in (*below, *(mode for mode in reversed(modes) if mode not in below)):
            _push_mode(mode)  # type: ignore[no-untyped-call]

    # -- calls -----------------------------------------------------------------------------

    def __torch_function__(
        self, func: Call, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        known = self._readers.get(func)
        if known is None:
            with self.scene.guard:
                known = self._readers[func] = self._learn(func, sys._getframe(2))
        reader, func = known or (None, func)
        stack = self.scene.stack
        if stack and stack[-1].functions is not None:
            stack[-1].functions.add(func.__name__)
        caller = self._callers.of(func, sys._getframe(1))
        reading: Reading | None = None
        if not (reader is None or self.scene.guard.tripped) and torch.is_grad_enabled():
            with self.scene.guard:
                reading = self._reading(reader, func, args, kwargs)
        if reading is not None and reading.args is not None:
            args = reading.args
        result = caller(func, args, kwargs) if caller is not None else func(*args, **kwargs)
        if reading is not None:
            with self.scene.guard:
                reading.after(result)
        return result

    def _reading(
        self, reader: Reader, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Reading | None:
        stack = self.scene.stack
        if self._models and not (stack and stack[-1].watched) and reader in self._inside:
            return None
        if capturing() or any(map(lacks_values, args)):
            return None
        if in_vmap() or any(map(is_nested, args)):
            self.scene.unseen(Unseen.BATCHED if in_vmap() else Unseen.NESTED)
            return None
        return reader(func, args, kwargs)

    def _learn(self, func: Call, frame: FrameType) -> tuple[Reader | None, Call]:
        """Who reads calls of a function, and the function that is really called."""
        called = _called(func, frame)
        return self._find_reader(called), called

    def _find_reader(self, func: Call) -> Reader | None:
        readers: tuple[tuple[Collection[Call], Reader], ...] = (
            (forms.layer_forms(), self._network.on_layer),
            (forms.norms(), self._network.on_norm),
            (forms.losses(), self._network.on_loss),
            (forms.dropouts(), self._network.on_dropout),
            (forms.recurrent(), self._network.on_recurrent),
            (forms.products(), self._gates.on_product),
            (forms.ends(), self._ends.on_end),
        )
        for known, reader in readers:
            if func in known:
                return reader
        return self._sites.on_activation if activations.for_call(func) is not None else None

    def _enter(self, frame: Frame, args: tuple[Any, ...]) -> None:
        stack = self.scene.stack
        if isinstance(frame.module, torch.jit.ScriptModule):
            self.scene.unseen(Unseen.SCRIPTED)
        if self._models:
            inherited = len(stack) > 1 and stack[-2].watched
            frame.watched = inherited or self._is_part(frame)
        if len(stack) == 1 and self.scene.in_backward() and not self.scene.recomputing():
            frame.reentrant = True  # torch has put this mode aside for the length of backward
            self._join_torch()
        elif self._aside or on_fast_path(frame.module, args):
            self._step_aside(frame)
        elif self._resting and torch.is_grad_enabled():  # the optimizer's step has failed
            self.resume()
        elif torch.is_grad_enabled() is not self._joined:
            self._set_joined(not self._joined)
            frame.turned = True
        if not torch.is_grad_enabled():
            self._ends.outside(frame)
        self._composites.enter(frame, args)

    def _step_aside(self, frame: Frame) -> None:
        """Nothing inside is watched: no gradient is asked for there."""
        frame.aside = True
        self._aside += 1
        if self._joined:
            self._set_joined(False)
            frame.turned = True
            self.scene.unseen(Unseen.FAST_PATH)

    def _set_joined(self, joined: bool) -> None:
        """Stand aside where no gradient is kept: torch has faster paths there, without modes."""
        self._joined = joined
        if joined:
            self._join_torch()
        else:
            self._leave_torch()

    def _is_part(self, frame: Frame) -> bool:
        return id(frame.module) in self._models or (self.scene.in_backward() and bool(frame.path))

    def _leave(self, frame: Frame, output: Any) -> None:
        self._aside -= frame.aside
        if frame.reentrant:
            self._leave_torch()
        elif frame.turned:
            self._set_joined(not self._joined)
        if output is not None:
            self._composites.leave(frame, output)

    def matching_target(self, loss: Tensor) -> TargetCall | None:
        """The last loss call, if the differentiated scalar is its output or a multiple of it."""
        if self.scene.target is None or loss.grad_fn is None:
            return None
        call, key = self.scene.target
        return call if node_key(loss.grad_fn) == key else _scaled(call, key, loss)


def _called(func: Call, frame: FrameType) -> Call:
    """The function that was really called, out of whose `frame` torch has called the mode.

    torch names itself by its module's variable, in which a script may have put another function:
    one that calls the original, and would be called by it once more.
    """
    code = frame.f_code
    if not isinstance(func, FunctionType) or is_ours(func.__code__):
        return func
    own = getattr(inspect.unwrap(func), "__code__", None)
    if code in (func.__code__, own) or code.co_freevars:
        return func  # wrappers of torch's share their code
    if not frame.f_globals.get("__name__", "").startswith("torch."):
        return func
    if code in _originals():
        return _originals()[code]
    of_code = (one for one in gc.get_referrers(code) if isinstance(one, FunctionType))
    return next((one for one in of_code if one.__code__ is code), func)


@cache
def _originals() -> dict[CodeType, Call]:
    """Functions of torch's that call modes themselves. First asked before a script replaces any."""
    owners = (torch.nn.functional, torch.functional, torch.autograd, Tensor)
    values = (value for owner in owners for value in vars(owner).values())
    return {value.__code__: value for value in values if isinstance(value, FunctionType)}


def _scaled(call: TargetCall, key: int, loss: Tensor) -> TargetCall | None:
    """The call of a loss function whose output was divided by a number, or multiplied with one.

    Gradient accumulation and weighted losses do so.
    """
    last: Any = loss.grad_fn
    divided = last.name() == "DivBackward0"
    if not (divided or last.name() == "MulBackward0"):
        return None
    scaled = last.next_functions[0][0]
    if scaled is None or node_key(scaled) != key:
        return None
    number = last._saved_other
    if number is None or number.numel() != 1 or number.requires_grad or not float(number):
        return None
    return replace(call, scale=1 / float(number) if divided else float(number))

"""Calls of torch functions and modules during a probe → handed to the readers of calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
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
from stetho.observe import functions as forms
from stetho.observe.aside import (
    COMPILER,
    around_call,
    around_compiled,
    capturing,
    compiler,
    in_vmap,
    lacks_values,
    on_fast_path,
    tracers,
)
from stetho.observe.composite import CompositeReader
from stetho.observe.gates import GateReader
from stetho.observe.guard import Guard
from stetho.observe.network import NetworkReader
from stetho.observe.on_import import AfterImport
from stetho.observe.scene import Scene
from stetho.observe.sink import Sink, TargetCall
from stetho.observe.sites import SiteReader
from stetho.observe.structure import Structure
from stetho.observe.tracker import Frame, ModuleTracker
from stetho.observe.unseen import Unseen
from stetho.patching import patched

Call = Callable[..., Any]
Handler = Callable[[Call, tuple[Any, ...], dict[str, Any]], Any]


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
        self.scene = Scene(sink, structure, guard)
        self._making_way = ExitStack()  # holds what makes us pause
        self._aside = 0  # modules running on a path of torch's that no mode may look on
        self._models = {id(model) for model in models}
        self._tracker = ModuleTracker(
            structure.names, self.scene.stack, self._enter, self._leave, guard
        )
        self._sites = SiteReader(self.scene)
        self._network = NetworkReader(self.scene)
        self._composites = CompositeReader(self.scene, self._sites)
        self._paused: Paused | None = None  # while nothing of ours may run
        self._joined = False  # whether torch hands us its calls; modules without gradients: no
        self._handlers: dict[Any, Handler | None] = {}
        self._gates = GateReader(self.scene)
        network = self._network
        self._inside: tuple[Handler, ...] = (  # what counts only inside of the watched models
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
            watch = AfterImport(COMPILER, self._make_way_for_compiled)
            watch.start()
            self._making_way.callback(watch.stop)
            self._make_way_for_graphs()

    def close(self) -> None:
        if self.is_open:
            self._making_way.close()
            self._paused = None
            self._tracker.stop()
            self._set_joined(False)
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
        try:
            handler = self._handlers[func]
        except KeyError:
            handler = self._handlers[func] = self._find_handler(func)
        stack = self.scene.stack
        if stack and stack[-1].functions is not None:
            stack[-1].functions.add(func.__name__)
        if handler is None or self.scene.guard.tripped or not torch.is_grad_enabled():
            return func(*args, **kwargs)
        if self._models and not (stack and stack[-1].watched) and handler in self._inside:
            return func(*args, **kwargs)
        if capturing() or any(map(lacks_values, args)):
            return func(*args, **kwargs)
        if in_vmap():
            with self.scene.guard:
                self.scene.unseen(Unseen.BATCHED)
            return func(*args, **kwargs)
        return handler(func, args, kwargs)

    def _find_handler(self, func: Call) -> Handler | None:
        with self.scene.guard:
            if func in forms.layer_forms():
                return self._network.on_layer
            if func in forms.norms():
                return self._network.on_norm
            if func in forms.losses():
                return self._network.on_loss
            if func in forms.recurrent():
                return self._network.on_recurrent
            if func in forms.products():
                return self._gates.on_product
            if activations.for_call(func) is not None:
                return self._sites.on_activation
        return None

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
        elif torch.is_grad_enabled() is not self._joined:
            self._set_joined(not self._joined)
            frame.turned = True
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
        call, node = self.scene.target
        return call if loss.grad_fn is node else _scaled(call, node, loss)


def _scaled(call: TargetCall, node: Any, loss: Tensor) -> TargetCall | None:
    """The call of a loss function whose output was divided by a number, or multiplied with one.

    Gradient accumulation and weighted losses do so.
    """
    last: Any = loss.grad_fn
    divided = last.name() == "DivBackward0"
    if not (divided or last.name() == "MulBackward0") or last.next_functions[0][0] is not node:
        return None
    number = last._saved_other
    if number is None or number.numel() != 1 or number.requires_grad or not float(number):
        return None
    return replace(call, scale=1 / float(number) if divided else float(number))

"""Optimizer steps of a running script → probes, handed to a sink."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer as TorchOptimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from stetho.events import ParameterState, Sink
from stetho.observe.aside import lacks_values
from stetho.observe.backward import BackwardWatch
from stetho.observe.capture import Capture
from stetho.observe.guard import Guard, entry
from stetho.observe.ranks import Group, RankSchedule, find_group
from stetho.observe.schedule import Schedule
from stetho.observe.sentinel import Sentinel
from stetho.observe.shards import is_flat
from stetho.observe.states import States
from stetho.observe.structure import Structure
from stetho.observe.tracker import Names
from stetho.observe.turns import Turns
from stetho.observe.unseen import Unseen
from stetho.patching import patched

PATIENCE = 8  # steps of other optimizers after which a leader has had its day


class Observer:
    """Watches training steps from `start` to `stop`, and opens the capture for the probed ones.

    A step ends with the step of the *leading* optimizer: the last one to step before the next
    backward pass, and of several with backward passes of their own (two players) the last one to
    come in. With `optimizers`, the steps of others do not count. `on_ranks` is told when the
    script turns out to be one of several ranks: before its first probe has ended.
    """

    def __init__(
        self,
        sink: Sink,
        schedule: Schedule,
        models: Sequence[nn.Module] = (),
        optimizers: Sequence[TorchOptimizer] = (),
        on_ranks: Callable[[Group], None] | None = None,
    ) -> None:
        self.sink = sink
        self.schedule = schedule
        self.guard = Guard(self._on_fault)
        self.structure = Structure(names=Names())
        self._parameters = States(self.structure)
        self.capture = Capture(sink, self.structure, self.guard, models)
        self.step = 0
        self.seconds = 0.0  # from the first step's begin to the last one's end
        self._only = {id(optimizer) for optimizer in optimizers}
        self._on_ranks = on_ranks
        self._models = [weakref.ref(model) for model in models]
        self._sentinel = Sentinel(self.structure.names.parameter_name, self.guard, sink)
        self._backward = BackwardWatch(self._before_backward, self._after_backward, self.guard)
        self._handles: list[Any] = []
        self._patches = ExitStack()
        self._indices: weakref.WeakKeyDictionary[TorchOptimizer, int] = weakref.WeakKeyDictionary()
        self._leader: int | None = None
        self._followed = 0  # steps of other optimizers since the leader's last
        self._turns = Turns()
        self._probing = False
        self._backwards = 0  # since the step began
        self._losses: list[Tensor] = []
        self._began = 0.0  # when the step in progress began
        self._origin = 0.0
        self._thread = 0

    # -- start and stop ----------------------------------------------------------------------

    def start(self) -> None:
        with self.guard:
            self._thread = threading.get_ident()
            for reference in self._models:
                model = reference()
                if model is not None:
                    self.structure.names.learn(model)
            self._handles = [
                register_optimizer_step_pre_hook(self._before_step),
                register_optimizer_step_post_hook(self._after_step),
            ]
            self._backward.start()
            self._patches.enter_context(patched(TorchOptimizer, "__init__", self._telling))
            if self._models:
                self._begin_step()

    def _telling(self, original: Any) -> Any:
        """Begin to look when an optimizer is made: what comes before is no training step."""
        observer = weakref.ref(self)

        def made(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            watcher = observer()
            if watcher is not None:
                watcher._on_optimizer()

        return made

    def optimizer_made(self) -> None:
        """An optimizer that is not torch's has been made."""
        self._on_optimizer()

    def before_step(self, optimizer: Any) -> None:
        """An optimizer that is not torch's, but answers as one, is about to take a step."""
        self._before_step(optimizer, (), {})

    def after_step(self, optimizer: Any) -> None:
        self._after_step(optimizer, (), {})

    @entry
    def _on_optimizer(self) -> None:
        if self._mine() and self.step == 0 and not self._probing:
            with self.guard:
                self._begin_step()

    @property
    def pending(self) -> tuple[Tensor, ...]:
        """Losses since the last step was begun, for which no step has been taken yet."""
        return tuple(self._losses)

    def stop(self) -> None:
        """Take everything off again. The step in progress is dropped."""
        self._close_probe()
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._backward.stop()
        self._patches.close()

    def _on_fault(self, text: str) -> None:
        """Watching ends at the next step: torch cannot let go of a mode inside of its own call."""
        self.sink.fault(text)

    def _mine(self) -> bool:
        return not self.guard.tripped and threading.get_ident() == self._thread

    # -- steps -------------------------------------------------------------------------------

    def _begin_step(self) -> None:
        now = time.perf_counter()
        if not self._origin:
            self._origin = now
        self._began = now
        self._backwards = 0
        self._losses.clear()
        if self.schedule.wants(self.step):
            self._probing = True
            self.sink.begin_probe(self.step)
            self.capture.open()
        else:
            self._close_probe()

    def _close_probe(self) -> None:
        self._probing = False
        self.capture.close()

    @entry
    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if not self._counts(optimizer):
            return
        with self.guard:
            ready = not _has_closure(args, kwargs)  # else the gradients are yet to come
            if ready:
                self._sentinel.before_update(_parameters(optimizer), self.step, _rate(optimizer))
            if self._probing:
                self.sink.before_update(self._states(optimizer, gradients=ready))
                if ready:
                    self.capture.rest()

    @entry
    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self.guard.tripped:
            self.stop()
        if not self._counts(optimizer):
            return
        with self.guard:
            if self._probing:
                self.capture.resume()
                late = _has_closure(args, kwargs)
                self.sink.after_update(self._states(optimizer, gradients=late))
            index = self._index(optimizer)
            new = not self._turns.knows(index)
            for one in self._turns.stepped(index):
                self.structure.takes_turns(one)
            if self._leads(index, new):
                self._end_step()

    def _counts(self, optimizer: TorchOptimizer) -> bool:
        return self._mine() and (not self._only or id(optimizer) in self._only)

    def _leads(self, index: int, new: bool) -> bool:
        """Whether a step of this optimizer ends the training step; `new`: it is its first."""
        if self._leader is None:
            self._leader = index
        if index == self._leader:
            self._followed = 0
            return True
        self._followed += 1
        if self._backwards == 0:
            self._leader = index  # it shares the backward pass of the leader before it
            return False
        if new:
            waits = any(known == self._leader for known in self._indices.values())
            self._leader = index  # a second player, or one that was made in the place of the first
            return not waits
        if self._followed > PATIENCE:
            self._leader = index
            return True
        return False

    def _join_ranks(self) -> None:
        """Probe the steps that the other ranks of this machine probe too."""
        found = find_group() if self._on_ranks is not None else None
        if found is None or self._on_ranks is None:
            return
        self.schedule = RankSchedule(self.schedule, found)
        self._on_ranks(found)
        self._on_ranks = None

    def _end_step(self) -> None:
        if self._on_ranks is not None:
            self._join_ranks()
        if self._losses:
            loss = self._losses[0] if len(self._losses) == 1 else _mean(self._losses)
            self.sink.loss(self.step, loss)
        if self._sentinel.alarmed:
            self._sentinel.alarmed = False
            self.schedule.force(self.step + 1)
        if self._probing:
            self.capture.scene.end_probe()
            rates = tuple(_rate(optimizer) for optimizer in self._indices)
            self._describe()
            self.sink.end_probe(self.step, time.perf_counter() - self._origin, rates)
        now = time.perf_counter()
        own = self.guard.take_seconds()
        if self._probing:
            self.schedule.probe_step(now - self._began, own)
        else:
            self.schedule.plain_step(now - self._began, own)
        self.seconds = now - self._origin
        self.step += 1
        self._begin_step()

    def _describe(self) -> None:
        """Hand over what has been learned of the network, if anything is new."""
        for reference in self.structure.names.fresh:
            root = reference()
            for parameter in root.parameters() if root is not None else ():
                if is_flat(parameter):
                    self.sink.unseen(Unseen.FLAT.value)
                self.structure.learn_parameter(parameter, optimizer=-1)
        self.structure.names.fresh.clear()
        self.structure.learn_loose()
        if self.structure.changed:
            self.structure.changed = False
            known = self.structure
            self.sink.structure(
                list(known.sites.values()),
                list(known.layers.values()),
                list(known.parameters.values()),
                known.optimizers,
            )

    # -- optimizers --------------------------------------------------------------------------

    def _index(self, optimizer: TorchOptimizer) -> int:
        index = self._indices.get(optimizer)
        if index is None:
            index = self._indices[optimizer] = self.structure.add_optimizer(optimizer)
        return index

    def _states(self, optimizer: TorchOptimizer, gradients: bool) -> list[ParameterState]:
        return self._parameters.of(optimizer, self._index(optimizer), gradients)

    # -- backward ----------------------------------------------------------------------------

    @entry
    def _before_backward(self, loss: Tensor, scale: Tensor | None) -> None:
        if not self._mine() or lacks_values(loss):
            return
        with self.guard:
            self._backwards += 1
            self._turns.backward()
            self._losses.append(loss.detach())
            self.capture.scene.loss_scale = scale
            self._sentinel.before_backward(
                loss,
                self.step,
                index=self._backwards - 1,
                probing=self._probing,
                scaled=scale is not None,
            )
            if self._probing:
                self._look_before_backward(loss)

    def _look_before_backward(self, loss: Tensor) -> None:
        matching = self.capture.matching_target(loss)
        if matching is not None:
            self.sink.target(matching)
        for optimizer in self._indices:  # those that have taken a step already
            self.sink.before_backward(self._states(optimizer, gradients=True))

    @entry
    def _after_backward(self) -> None:
        if self._mine():
            self.capture.scene.end_backward()


def _mean(losses: Sequence[Tensor]) -> Tensor:
    return torch.stack([loss.double().reshape(()) for loss in losses]).mean()


def _parameters(optimizer: TorchOptimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _has_closure(args: Any, kwargs: Any) -> bool:
    """Whether `optimizer.step` was given a function that runs forward and backward."""
    return any(callable(arg) for arg in (*args[1:], *kwargs.values()))


def _rate(optimizer: TorchOptimizer) -> float:
    rate = optimizer.param_groups[0].get("lr", float("nan")) if optimizer.param_groups else 0.0
    return float(rate)

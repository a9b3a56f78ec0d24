"""The forward passes of one probe: names by call order, operations met, hooks hung."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from stetho.events import Sink, TargetCall
from stetho.observe.aside import saved_by_hooks
from stetho.observe.guard import Guard
from stetho.observe.origin import Mark
from stetho.observe.structure import Structure
from stetho.observe.tracker import Frame
from stetho.observe.unseen import Unseen


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be done with a call: `after(result)`, and other arguments, if it gets any."""

    after: Callable[[Any], Any]
    args: tuple[Any, ...] | None = None


@dataclass(slots=True, kw_only=True)
class Scene:
    """What the readers of calls share. Emptied after each probe."""

    sink: Sink
    structure: Structure
    guard: Guard
    stack: list[Frame] = field(default_factory=list)  # modules whose forward is running
    marks: dict[int, Mark] = field(default_factory=dict)  # operations met, by autograd node
    drops: dict[int, float] = field(default_factory=dict)  # share that a dropout takes, by node
    hooks: list[Any] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    entered: set[int] = field(default_factory=set)  # outermost modules called since backward
    trying: bool = False  # what comes through hooks now is a trial of ours, not the script's
    frozen: bool = False  # a layer was called through which no gradient flows
    loss_scale: Tensor | None = None
    # Nodes are kept by their key: what holds a node keeps a graph alive, and with it a model.
    target: tuple[TargetCall, int] | None = None  # last loss call and its node
    linear: tuple[str, Tensor, int] | None = None  # last linear layer, its input, its node

    def end_probe(self) -> None:
        """Let go of all that belongs to one step."""
        for handle in self.hooks:
            handle.remove()
        self.hooks.clear()
        self.marks.clear()
        self.drops.clear()
        self.end_backward()
        self.target = None
        self.loss_scale = None

    def end_backward(self) -> None:
        """The next forward pass is a new one: count from the start."""
        self.counts.clear()
        self.entered.clear()
        self.frozen = False
        self.linear = None

    def unseen(self, reason: Unseen, **values: str) -> None:
        """Have it said in the report that something is not watched."""
        self.sink.unseen(reason.value.format(**{"where": self.path or "the script"} | values))

    def enter_outermost(self, module: torch.nn.Module) -> None:
        """A model that is called again before backward (real and fake batch) counts anew."""
        if id(module) in self.entered and next(module.parameters(), None) is not None:
            self.counts.clear()
        self.entered.add(id(module))

    @property
    def model(self) -> str:
        return self.stack[-1].model if self.stack else ""

    @property
    def path(self) -> str:
        """Path of the module that we are in, unique over all models."""
        if not self.stack:
            return ""
        frame = self.stack[-1]
        return self.structure.names.qualified(frame.path, frame.model)

    def name_in_module(self, parameter: Tensor) -> str | None:
        """The name of a parameter that stands in for another one while the module that we are in
        runs (FSDP2 puts the whole one in the place of its shard).
        """
        if not self.stack:
            return None
        for name, value in self.stack[-1].module._parameters.items():
            if value is parameter:
                return f"{self.path}.{name}" if self.path else name
        return None

    def count(self, path: str, kind: str) -> int:
        """How many times this was asked in the same place during this forward pass."""
        number = self.counts[path, kind]
        self.counts[path, kind] += 1
        return number

    def in_backward(self) -> bool:
        return torch._C._current_graph_task_id() != -1

    def recomputing(self) -> bool:
        """Inside of backward, where a checkpoint computes again what was seen already.

        A reentrant checkpoint is another matter: its forward ran without gradients, and what it
        computes now is seen for the first time. It uses no hooks on saved tensors.
        """
        return self.in_backward() and saved_by_hooks()

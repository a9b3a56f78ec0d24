"""Losses and gradient norms of every step → those that jump, with a snapshot of that step."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import torch
from torch import Tensor

from stetho.observe.loss_graph import graph_nodes

WINDOW = 64  # steps whose values are the history
FEWEST = 16  # fewer are no history
SIGMAS = 6.0  # standard deviations, estimated from the median absolute deviation
MAD_TO_SIGMA = 1.4826  # of a normal distribution
LEAST = 0.1  # a jump is at least this share of the first values: losses near 0 jump by nothing
QUIET = 10  # steps after a jump that raise no further one: they are probed in any case


@dataclass(frozen=True, slots=True)
class Usual:
    """What a value was in the last steps."""

    value: float  # median
    spread: float  # standard deviation, estimated robustly


@dataclass(slots=True)
class History:
    """The recent values of one quantity."""

    values: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)  # the same, ascending
    scale: float = 0.0  # of the first values
    quiet: int = 0

    def jump(self, value: float) -> Usual | None:
        """Take in the value of a step; gives what was usual where the value is far above it."""
        self.quiet = max(0, self.quiet - 1)
        usual = None if self.quiet else self._usual_of_jump(value)
        self._take(value)
        if usual is not None:
            self.quiet = QUIET
        return usual

    def _usual_of_jump(self, value: float) -> Usual | None:
        if len(self.values) < FEWEST:
            return None
        middle = median(self.ordered)
        if value - middle <= LEAST * self.scale:  # in nearly every step: nothing more is asked
            return None
        spread = MAD_TO_SIGMA * median(abs(known - middle) for known in self.values)
        return Usual(middle, spread) if value - middle > SIGMAS * spread else None

    def _take(self, value: float) -> None:
        self.values.append(value)
        insort(self.ordered, value)
        if len(self.values) == FEWEST:
            self.scale = median(abs(known) for known in self.values)
        if len(self.values) > WINDOW:
            del self.ordered[bisect_left(self.ordered, self.values.popleft())]


def layer_inputs(loss: Tensor, name_of: Callable[[Tensor], str | None]) -> dict[str, float]:
    """Root mean square of what each layer is given, by the name of its weight, in call order.

    Read off what the loss's graph has saved, before its backward pass.
    """
    found: dict[str, float] = {}
    for node in graph_nodes(loss):
        given = next(
            (t for key in ("mat1", "input", "self") if (t := _saved(node, key)) is not None), None
        )
        weight = _weight(node)
        name = None if weight is None else name_of(weight)
        if given is not None and name is not None:
            found.setdefault(name, _rms(given))
    return found


def root_mean_squares(
    parameters: Sequence[Tensor], name_of: Callable[[Tensor], str | None]
) -> tuple[dict[str, float], dict[str, float]]:
    """Root mean square of each parameter and of its gradient, by name."""
    named = [(name, p) for p in parameters if (name := name_of(p)) is not None]
    values = {name: _rms(p) for name, p in named}
    gradients = {
        name: _rms(p.grad)
        for name, p in named
        if p.grad is not None and p.grad.layout is torch.strided
    }
    return values, gradients


def _saved(node: object, key: str) -> Tensor | None:
    try:
        value = getattr(node, f"_saved_{key}", None)
    except RuntimeError:  # freed, or changed in place since
        return None
    return value if isinstance(value, Tensor) and value.is_floating_point() else None


def _weight(node: object) -> Tensor | None:
    """The matrix among what goes into a node directly or transposed."""
    edges = list(getattr(node, "next_functions", ()))
    edges += [edge for up, _ in edges if up is not None for edge in up.next_functions]
    for up, _ in edges:
        variable = getattr(up, "variable", None)
        if isinstance(variable, Tensor) and variable.ndim > 1:
            return variable
    return None


def _rms(tensor: Tensor) -> float:
    return float(tensor.detach().double().square().mean().sqrt()) if tensor.numel() else 0.0

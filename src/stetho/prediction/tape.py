"""Beliefs about tensors and edges between them → the mean square of a gradient on its way back.

Each operation of a forward pass leaves a belief about its output, and an edge: what the mean square
of a gradient is multiplied with on its way back through it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

Shared = Callable[[], float]


@dataclass(slots=True, kw_only=True)
class Belief:
    """What is expected of one tensor's elements."""

    mean: float
    second: float  # E x²
    shared: Shared  # E x₁ x₂ of one element in two samples of the batch
    spread: float = 0.0  # variance of ln of its mean square, over draws of the weights
    why: str = ""  # why it is not to be trusted; "" where it is

    @property
    def variance(self) -> float:
        return max(self.second - self.mean * self.mean, 0.0)


@dataclass(slots=True, kw_only=True)
class Edge:
    """One way back: the mean square of a gradient at `source` gets that at `target` × `factor`."""

    source: int
    target: int
    factor: float
    spread: float = 0.0  # variance of ln of the factor, over draws of the weights behind it
    drift: float = 0.0  # deviation of ln of the factor that comes from the signal's own


@dataclass(slots=True, kw_only=True)
class Tape:
    beliefs: list[Belief] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)  # where a tensor lies → its node
    alive: list[Tensor] = field(default_factory=list)  # so that no place is used twice
    unmodelled: dict[str, int] = field(default_factory=dict)
    steep: str = ""  # a function that parts samples of different length more and more
    output: int | None = None  # node that the loss is computed from
    output_tensor: Tensor | None = None

    def node(self, tensor: Any) -> int | None:
        return self.places.get(tensor.data_ptr()) if isinstance(tensor, Tensor) else None

    def add(self, tensor: Tensor, belief: Belief) -> int:
        self.beliefs.append(belief)
        self.alive.append(tensor)
        self.places[tensor.data_ptr()] = len(self.beliefs) - 1
        return len(self.beliefs) - 1

    def measured(self, tensor: Tensor, why: str = "") -> int:
        """A node with the moments that the tensor really has."""
        return self.add(tensor, measure(tensor, why))

    def of(self, tensor: Tensor) -> int:
        """The node of a tensor; data that was not met before is measured."""
        known = self.node(tensor)
        return self.measured(tensor) if known is None else known

    def link(
        self, source: int, target: int, factor: float, spread: float = 0.0, drift: float = 0.0
    ) -> Edge:
        self.edges.append(
            Edge(source=source, target=target, factor=factor, spread=spread, drift=drift)
        )
        return self.edges[-1]

    # -- the way back ------------------------------------------------------------------------

    def gradients(self, start: float) -> tuple[list[float], list[float]]:
        """Mean square of the gradient at each node, and the variance of its logarithm.

        What the draws of the weights add is independent from layer to layer; what a signal longer
        or shorter than expected does to the slopes adds up, as its length hardly changes.
        """
        squares = [0.0] * len(self.beliefs)
        spreads = [0.0] * len(self.beliefs)
        drifts = [0.0] * len(self.beliefs)
        if self.output is not None:
            squares[self.output] = start
        for edge in reversed(self.edges):
            arriving = squares[edge.target] * edge.factor
            if not arriving > 0:
                continue
            total = squares[edge.source] + arriving
            old, new = squares[edge.source] / total, arriving / total
            spreads[edge.source] = old * spreads[edge.source] + new * (
                spreads[edge.target] + edge.spread
            )
            drifts[edge.source] = old * drifts[edge.source] + new * (
                drifts[edge.target] + edge.drift
            )
            squares[edge.source] = total
        return squares, [a + b * b for a, b in zip(spreads, drifts, strict=True)]


def measure(tensor: Tensor, why: str = "") -> Belief:
    x = tensor.detach().double()
    mean, second = float(x.mean()), float(x.square().mean())
    together = float(x.mean(0).square().mean()) if x.ndim > 1 and len(x) > 1 else second
    return Belief(mean=mean, second=second, shared=lambda: together, why=why)

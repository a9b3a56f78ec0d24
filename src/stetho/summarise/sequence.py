"""Gradients along a sequence → their size early and late in it, that merge with `+`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.summarise.layout import LIMIT, every

BINS = 10  # parts of a sequence; the first and the last are compared
FIELDS = ("time_steps", "time_early", "time_late", "time_fed")


@dataclass(frozen=True, slots=True)
class SequenceSummary:
    """Float64 tensors; (BINS,) where it says bins."""

    steps: Tensor  # of the longest sequence
    count: Tensor  # bins: elements of ∂L/∂x
    squares: Tensor  # bins: Σ (∂L/∂x)²
    fed: Tensor  # bins: Σ (∂L/∂h)²; all in the last where only the layer's end is used

    def __add__(self, other: SequenceSummary) -> SequenceSummary:
        return SequenceSummary(
            torch.maximum(self.steps, other.steps),
            self.count + other.count,
            self.squares + other.squares,
            self.fed + other.fed,
        )

    def scaled(self, factor: float) -> SequenceSummary:
        """As if all gradients had been multiplied with a factor."""
        squares, fed = self.squares * factor**2, self.fed * factor**2
        return SequenceSummary(self.steps, self.count, squares, fed)

    def row(self) -> Tensor:
        """What `sequence_stats` takes."""
        ends = (self.count[0], self.squares[0], self.count[-1], self.squares[-1])
        return torch.stack([self.steps, *ends, self.fed[-1], self.fed.sum()])


def sequence_stats(row: list[float]) -> dict[str, float]:
    """The fields of `record.LayerStats` that are named in FIELDS."""
    steps, early, early_squares, late, late_squares, fed, total = row
    values = (
        steps,
        math.sqrt(early_squares / early) if early else math.nan,
        math.sqrt(late_squares / late) if late else math.nan,
        fed / total if total else math.nan,
    )
    return dict(zip(FIELDS, values, strict=True))


def sampled(gradient: Tensor) -> Tensor:
    """What is looked at of a gradient on a device: (time, some of its elements)."""
    stride = max(1, gradient.numel() // LIMIT)
    return every(gradient.detach().movedim(0, -1), stride, inner=1).T


def summarise_sequence(
    down: Tensor, up: Tensor | None, scale: Tensor | None = None
) -> SequenceSummary:
    """down: ∂L/∂x (time, batch, features); up: ∂L/∂h, None where only the layer's end is used.

    `scale`: what the loss was multiplied with (mixed precision); divided out.
    """
    steps = down.shape[0]
    place = torch.arange(steps) * BINS // max(steps, 1)
    empty = torch.zeros(BINS, dtype=torch.float64)
    energy = _energy(down, scale)
    count = empty.index_add(0, place, torch.full_like(energy, down[0].numel()))
    squares = empty.index_add(0, place, energy)
    fed = empty.clone()
    if up is None:
        fed[-1] = 1.0
    else:
        fed = empty.index_add(0, place, _energy(up, scale))
    return SequenceSummary(empty.new_tensor(float(steps)), count, squares, fed)


def _energy(gradient: Tensor, scale: Tensor | None) -> Tensor:
    """Σ g² at each time."""
    rows = gradient.reshape(gradient.shape[0], -1).double()
    if scale is not None:
        rows = rows / scale.double()
    return rows.square().sum(1)

"""A parameter before and after an optimizer's step → sizes, signs and direction of its update."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.summarise.finite import surely_finite

LIMIT = 2**14  # entries of one parameter that are looked at


@dataclass(frozen=True, slots=True)
class ParameterSample:
    """A fixed part of a parameter and of its gradient, taken before the step."""

    value: Tensor  # (rows, fan-in), or (entries,) of a parameter with one axis; float64
    gradient: Tensor | None


def sample(parameter: Tensor, gradient: Tensor | None) -> ParameterSample:
    """Take whole rows (the incoming weights of one unit) at a fixed stride."""
    taken = None if gradient is None else _rows(_dense(gradient))
    return ParameterSample(_rows(parameter).clone(), taken)


def _dense(gradient: Tensor) -> Tensor:
    return gradient.to_dense() if gradient.layout != torch.strided else gradient


def _rows(tensor: Tensor) -> Tensor:
    tensor = tensor.detach()
    if tensor.ndim < 2:
        stride = max(1, -(-tensor.numel() // LIMIT))
        return tensor.reshape(-1)[::stride].double()
    rows = tensor.reshape(tensor.shape[0], -1)
    stride = max(1, -(-rows.numel() // LIMIT))
    return rows[::stride].double()


def with_gradient(before: ParameterSample, gradient: Tensor) -> ParameterSample:
    """The same sample with a gradient that came late (an optimizer that ran a closure)."""
    return ParameterSample(before.value, _rows(_dense(gradient)))


def parameter_row(
    before: ParameterSample, after: Tensor, last_update: Tensor | None
) -> tuple[list[Tensor], Tensor]:
    """The fields of `record.ParameterStats` in order, as float64 scalars; and the update."""
    return _row(before, _rows(after) - before.value, last_update)


def _row(
    before: ParameterSample, update: Tensor, last_update: Tensor | None
) -> tuple[list[Tensor], Tensor]:
    gradient = before.gradient
    nan = update.new_full((), torch.nan)
    size = max(before.value.numel(), 1)
    row = [
        _rms(before.value),
        nan if gradient is None else _rms(gradient),
        _rms(update),
        *_signs(gradient, nan),
        _cosine(update, last_update, nan),
        _nonfinite(before.value) / size,
        torch.zeros_like(nan) if gradient is None else _nonfinite(gradient) / size,
    ]
    return row, update


def still_row(sample: ParameterSample) -> list[Tensor]:
    """The row of a parameter that no step has changed (a check-up)."""
    return _row(sample, torch.full_like(sample.value, torch.nan), None)[0]


def _nonfinite(values: Tensor) -> Tensor:
    if surely_finite(values.sum()):
        return values.new_zeros(())
    return (~torch.isfinite(values)).sum(dtype=torch.float64)


def _rms(values: Tensor) -> Tensor:
    if not values.numel():
        return values.new_full((), torch.nan)
    rms: Tensor = torch.linalg.vector_norm(values) / math.sqrt(values.numel())
    return rms


def _signs(gradient: Tensor | None, nan: Tensor) -> list[Tensor]:
    """Share of rows whose entries have one sign, and mean over rows of |Σg| / Σ|g|."""
    if gradient is None or gradient.ndim < 2 or gradient.shape[1] < 2:
        return [nan, nan]
    total, size = gradient.sum(1).abs(), gradient.abs().sum(1)
    used = size > 0
    count = torch.where(used.any(), used.sum(dtype=torch.float64), torch.nan)
    positive, negative = (gradient > 0).any(1), (gradient < 0).any(1)
    one = (positive ^ negative).sum(dtype=torch.float64) / count
    return [one, torch.where(used, total / size, 0.0).sum() / count]


def _cosine(update: Tensor, last: Tensor | None, nan: Tensor) -> Tensor:
    if last is None or last.shape != update.shape:
        return nan
    product = torch.linalg.vector_norm(update) * torch.linalg.vector_norm(last)
    dot = torch.dot(update.reshape(-1), last.reshape(-1))
    return torch.where(product > 0, dot / product, torch.nan)

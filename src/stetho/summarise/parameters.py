"""A parameter before and after an optimizer's step → sums over it, which give its statistics."""

from __future__ import annotations

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
    left: Tensor | None = None  # Σ g² of what lay in it before the backward pass; None: not known


def sample(
    parameter: Tensor, gradient: Tensor | None, left: Tensor | None = None
) -> ParameterSample:
    """Take whole rows (the incoming weights of one unit) at a fixed stride."""
    taken = None if gradient is None else _rows(_dense(gradient))
    return ParameterSample(_rows(parameter).clone(), taken, left)


def left(parameter: Tensor, gradient: Tensor | None) -> Tensor:
    """Σ g² of the sampled rows of a gradient that is there before a backward pass."""
    if gradient is None:
        return torch.zeros((), dtype=torch.float64, device=parameter.device)
    return _square(_rows(_dense(gradient)))


def _dense(gradient: Tensor) -> Tensor:
    return gradient.to_dense() if gradient.layout != torch.strided else gradient


def _rows(tensor: Tensor) -> Tensor:
    tensor = tensor.detach()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj()).flatten(-2)
    if tensor.ndim < 2:
        stride = max(1, -(-tensor.numel() // LIMIT))
        return tensor.reshape(-1)[::stride].double()
    rows = tensor.flatten(1)
    stride = max(1, -(-rows.numel() // LIMIT))
    return rows[::stride].double()


def with_gradient(before: ParameterSample, gradient: Tensor) -> ParameterSample:
    """The same sample with a gradient that came late (an optimizer that ran a closure)."""
    return ParameterSample(before.value, _rows(_dense(gradient)), before.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSums:
    """One parameter in one probe, or a rank's shard of it; float64 scalars that merge with `+`."""

    entries: Tensor  # that were looked at
    squares: Tensor  # Σ w²
    gradients: Tensor  # Σ g²; NaN: no gradient arrived
    updates: Tensor  # Σ u²
    rows: Tensor  # whose gradient is not 0 throughout
    one_sign: Tensor  # of them, those whose entries have one sign; NaN: not asked
    balance: Tensor  # Σ over rows of |Σg| / Σ|g|
    product: Tensor  # u · last u; NaN: there was no neighbouring step
    last: Tensor  # Σ (last u)²
    nonfinite: Tensor
    gradient_nonfinite: Tensor
    others: Tensor  # rows but the first of each shard; NaN: not asked
    alike: Tensor  # of them, those that equal that first one
    left: Tensor  # Σ g² before the backward pass; NaN: not known
    sharded: bool = False

    def __add__(self, other: ParameterSums) -> ParameterSums:
        added = {name: getattr(self, name) + getattr(other, name) for name in NUMBERS}
        return ParameterSums(**added, sharded=self.sharded)

    def row(self) -> list[Tensor]:
        """The fields of `record.ParameterStats` in order, as float64 scalars."""
        count = torch.where(self.entries > 0, self.entries, torch.nan)
        rows = torch.where(self.rows > 0, self.rows, torch.nan)
        size = self.updates.sqrt() * self.last.sqrt()
        return [
            (self.squares / count).sqrt(),
            (self.gradients / count).sqrt(),
            (self.updates / count).sqrt(),
            self.one_sign / rows,
            self.balance / rows,
            self.product / torch.where(size > 0, size, torch.nan),
            self.nonfinite / self.entries.clamp(min=1),
            self.gradient_nonfinite / self.entries.clamp(min=1),
            self.alike / torch.where(self.others > 0, self.others, torch.nan),
            (self.left / count).sqrt(),
        ]


NUMBERS = tuple(name for name in ParameterSums.__slots__ if name != "sharded")


def parameter_sums(
    before: ParameterSample, after: Tensor, last_update: Tensor | None, sharded: bool = False
) -> tuple[ParameterSums, Tensor]:
    """What became of a parameter in a step; and the update itself."""
    update = _rows(after) - before.value
    return _sums(before, update, last_update, sharded), update


def still_sums(sample: ParameterSample, sharded: bool = False) -> ParameterSums:
    """Those of a parameter that no step has changed (a check-up)."""
    return _sums(sample, torch.full_like(sample.value, torch.nan), None, sharded)


def _sums(
    before: ParameterSample, update: Tensor, last_update: Tensor | None, sharded: bool
) -> ParameterSums:
    gradient = before.gradient
    nan, zero = update.new_full((), torch.nan), update.new_zeros(())
    product = last = nan
    if last_update is not None and last_update.shape == update.shape:
        product, last = _dot(update, last_update), _square(last_update)
    used, one_sign, balance = _signs(gradient, nan)
    others, alike = _alike(before.value, nan)
    return ParameterSums(
        entries=torch.full_like(nan, before.value.numel()),
        squares=_square(before.value),
        gradients=nan if gradient is None else _square(gradient),
        updates=_square(update),
        rows=used,
        one_sign=one_sign,
        balance=balance,
        product=product,
        last=last,
        nonfinite=_nonfinite(before.value),
        gradient_nonfinite=zero if gradient is None else _nonfinite(gradient),
        others=others,
        alike=alike,
        left=nan if before.left is None else before.left,
        sharded=sharded,
    )


def _nonfinite(values: Tensor) -> Tensor:
    if surely_finite(values.sum()):
        return values.new_zeros(())
    return (~torch.isfinite(values)).sum(dtype=torch.float64)


def _square(values: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(values)
    return norm * norm


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return torch.dot(a.reshape(-1), b.reshape(-1))


def _alike(value: Tensor, nan: Tensor) -> tuple[Tensor, Tensor]:
    """Rows but the first, and those of them that equal it."""
    if value.ndim < 2:
        return nan, nan
    others = value[1:]
    same = (others == value[:1]).all(1).sum(dtype=torch.float64)
    return torch.full_like(nan, others.shape[0]), same


def _signs(gradient: Tensor | None, nan: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows with a gradient, those of them whose entries have one sign, and Σ |Σg| / Σ|g|."""
    if gradient is None or gradient.ndim < 2 or gradient.shape[1] < 2:
        return nan, nan, nan
    total, size = gradient.sum(1).abs(), gradient.abs().sum(1)
    used = size > 0
    positive, negative = (gradient > 0).any(1), (gradient < 0).any(1)
    one = (positive ^ negative).sum(dtype=torch.float64)
    balance = torch.where(used, total / size, 0.0).sum()
    return used.sum(dtype=torch.float64), one, balance

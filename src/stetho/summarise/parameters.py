"""A parameter before and after an optimizer's step → sums over it, which give its statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from stetho.record import ParameterStats
from stetho.summarise import native
from stetho.summarise.layout import PLANS, surely_finite
from stetho.summarise.native.views import view

LIMIT = 2**14  # entries of one parameter that are looked at
OF_VALUE = (
    "entries",  # that were looked at
    "squares",  # Σ w²
    "nonfinite",
    "others",  # rows but the first of each shard; NaN: not asked
    "alike",  # of them, those that equal that first one
)
OF_GRADIENT = (
    "gradients",  # Σ g²; NaN: no gradient arrived
    "gradient_nonfinite",
    "rows",  # whose gradient is not 0 throughout; NaN: not asked
    "one_sign",  # rows whose entries have one sign
    "balance",  # Σ over rows of |Σg| / Σ|g|
)
OF_UPDATE = (
    "updates",  # Σ u²
    "product",  # u · last u; NaN: there was no neighbouring step
    "last",  # Σ (last u)²
)
LEFT = ("left",)  # Σ g² before the backward pass; NaN: not known
NUMBERS = (*OF_VALUE, *OF_GRADIENT, *LEFT, *OF_UPDATE)
LEFT_AT = NUMBERS.index(*LEFT)
_NOTHING = torch.zeros((), dtype=torch.float64)


@dataclass(frozen=True, slots=True)
class ParameterSample:
    """What was seen of a parameter and of its gradient before the step."""

    value: Tensor  # a fixed part of it: (rows, fan-in), or (entries,)
    numbers: Tensor  # (NUMBERS,) float64; NaN in what only the step itself tells


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSums:
    """One parameter in one probe, or a rank's shard of it; merges with `+`."""

    numbers: Tensor  # (NUMBERS,) float64
    sharded: bool = False

    def __add__(self, other: ParameterSums) -> ParameterSums:
        return ParameterSums(numbers=self.numbers + other.numbers, sharded=self.sharded)


def parameter_stats(row: list[float]) -> ParameterStats:
    """The statistics that sums give; `row`: a `ParameterSums.numbers` as numbers."""
    seen = dict(zip(NUMBERS, row, strict=True))
    entries = seen["entries"]
    size = math.sqrt(seen["updates"]) * math.sqrt(seen["last"])
    return ParameterStats(
        rms=_rms(seen["squares"], entries),
        grad_rms=_rms(seen["gradients"], entries),
        update_rms=_rms(seen["updates"], entries),
        one_sign=_share(seen["one_sign"], seen["rows"]),
        balance=_share(seen["balance"], seen["rows"]),
        update_cosine=_share(seen["product"], size),
        nonfinite=seen["nonfinite"] / max(entries, 1),
        grad_nonfinite=seen["gradient_nonfinite"] / max(entries, 1),
        alike=_share(seen["alike"], seen["others"]),
        left_rms=_rms(seen["left"], entries),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def _rms(squares: float, count: float) -> float:
    return math.sqrt(squares / count) if count > 0 else math.nan


def sample(
    parameter: Tensor, gradient: Tensor | None, left: Tensor | None = None
) -> ParameterSample:
    """Take whole rows (the incoming weights of one unit) at a fixed stride.

    `left`: Σ g² of what lay in the gradient before the backward pass; None: nobody has looked.
    """
    value = view(parameter)
    seen = None if gradient is None else view(gradient)
    if value is None or (seen is None and gradient is not None):
        rows = sampled(parameter).double().clone()
        none = rows.new_full((len(OF_UPDATE),), torch.nan)
        before = none[:1] if left is None else left.reshape(1)
        numbers = torch.cat([_of_value(rows), _of_gradient(gradient, rows), before, none])
        return ParameterSample(rows, numbers)
    stride, _ = plan(parameter.shape)
    first, *inner = parameter.shape or (1,)
    kept = torch.float64 if parameter.dtype == torch.float64 else torch.float32
    rows = torch.empty((-(-first // stride), *([math.prod(inner)] if inner else [])), dtype=kept)
    numbers = torch.empty(len(NUMBERS), dtype=torch.float64)
    native.core.before(
        value, seen, stride, rows.data_ptr(), rows.numel(), numbers.data_ptr(), len(NUMBERS)
    )
    if left is not None:
        numbers[LEFT_AT] = left
    return ParameterSample(rows, numbers)


def left(gradient: Tensor | None) -> Tensor:
    """Σ g² of the sampled rows of a gradient that is there before a backward pass."""
    return _NOTHING if gradient is None else _square(sampled(gradient).double())


@lru_cache(PLANS)
def plan(shape: tuple[int, ...]) -> tuple[int, int]:
    """Every how many rows of a parameter one is taken, and how many entries that makes.

    Of what was taken, all would be taken: at most LIMIT entries, or two to three rows.
    """
    first, *inner = shape or (1,)
    most = max(LIMIT // max(math.prod(inner), 1), 1)
    stride = max(min(-(-first // most), first // 2), 1)
    return stride, -(-first // stride) * math.prod(inner)


def sampled(tensor: Tensor) -> Tensor:
    """What is looked at of a parameter or of its gradient: (rows, fan-in), or (entries,)."""
    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj()).flatten(-2)
    rows = tensor if tensor.ndim else tensor.reshape(1)
    rows = rows[:: plan(rows.shape)[0]]
    return rows.flatten(1) if rows.ndim > 1 else rows


def with_gradient(before: ParameterSample, gradient: Tensor) -> ParameterSample:
    """The same sample with a gradient that came late (an optimizer that ran a closure)."""
    end = len(OF_VALUE) + len(OF_GRADIENT)
    of_gradient = _of_gradient(gradient, before.numbers)
    numbers = torch.cat([before.numbers[: len(OF_VALUE)], of_gradient, before.numbers[end:]])
    return ParameterSample(before.value, numbers)


def parameter_sums(
    before: ParameterSample, after: Tensor, last_update: Tensor | None, sharded: bool = False
) -> tuple[ParameterSums, Tensor]:
    """What became of a parameter in a step; and the update itself. Uses `before` up."""
    seen, old = view(after), before.value
    if last_update is not None and last_update.numel() != old.numel():
        last_update = None
    kept = torch.float64 if after.dtype == torch.float64 else torch.float32
    known = last_update is None or last_update.dtype == kept
    if seen is None or old.dtype != kept or not known:
        rows = sampled(after).double()
        update = rows - old.double().reshape(rows.shape)
        numbers = torch.cat([before.numbers[: -len(OF_UPDATE)], _of_update(update, last_update)])
        return ParameterSums(numbers=numbers, sharded=sharded), update
    update = torch.empty_like(old)
    last = 0 if last_update is None else last_update.data_ptr()
    native.core.after(
        seen, plan(after.shape)[0], old.data_ptr(), last, update.data_ptr(), update.numel(),
        before.numbers.data_ptr(), len(NUMBERS),
    )  # fmt: skip
    return ParameterSums(numbers=before.numbers, sharded=sharded), update


def still_sums(sample: ParameterSample, sharded: bool = False) -> ParameterSums:
    """Those of a parameter that no step has changed (a check-up)."""
    return ParameterSums(numbers=sample.numbers, sharded=sharded)


def _of_value(rows: Tensor) -> Tensor:
    entries = rows.new_tensor(float(rows.numel()))
    nan = torch.full_like(entries, torch.nan)
    return torch.stack([entries, _square(rows), _nonfinite(rows), *_alike(rows, nan)])


def _of_gradient(gradient: Tensor | None, like: Tensor) -> Tensor:
    nan = like.new_full((), torch.nan, dtype=torch.float64)
    if gradient is None:
        return torch.stack([nan, torch.zeros_like(nan), nan, nan, nan])
    rows = sampled(gradient).double()
    return torch.stack([_square(rows), _nonfinite(rows), *_signs(rows, nan)])


def _of_update(update: Tensor, last: Tensor | None) -> Tensor:
    product = squares = update.new_full((), torch.nan)
    if last is not None:
        product, squares = _dot(update, last.double()), _square(last.double())
    return torch.stack([_square(update), product, squares])


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


def _signs(gradient: Tensor, nan: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows with a gradient, those of them whose entries have one sign, and Σ |Σg| / Σ|g|."""
    if gradient.ndim < 2 or gradient.shape[1] < 2:
        return nan, nan, nan
    total, size = gradient.sum(1).abs(), gradient.abs().sum(1)
    used = size > 0
    positive, negative = (gradient > 0).any(1), (gradient < 0).any(1)
    one = (positive ^ negative).sum(dtype=torch.float64)
    balance = torch.where(used, total / size, 0.0).sum()
    return used.sum(dtype=torch.float64), one, balance

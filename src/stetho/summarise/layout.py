"""A tensor and what made it → rows of units, sub-sampled by a fixed stride."""

from __future__ import annotations

from functools import lru_cache
from math import gcd, prod

import torch
from torch import Tensor

LIMIT = 2**14  # elements of one site that are looked at in one call
PLANS = 4096  # shapes whose strides are remembered


def unit_axis(shape: tuple[int, ...], from_conv: bool | None) -> int:
    """The axis that counts units: channels behind a convolution, else the last one.

    Where the origin is not known (`from_conv` None), four and more axes are taken for images.
    """
    if from_conv is None:
        from_conv = len(shape) >= 4
    return 1 if from_conv and len(shape) >= 3 else max(len(shape) - 1, 0)


def as_rows(tensor: Tensor, axis: int, limit: int = LIMIT) -> Tensor:
    """(rows, units) with at most about `limit` elements; a row is one sample at one position.

    Rows are taken at a fixed stride that shares no factor with the row count's inner axes, so that
    every position comes in; never at random, which would touch the script's random state.
    """
    tensor = tensor.detach()
    if tensor.ndim == 0:
        tensor = tensor.reshape(1, 1)
    stride = stride_of_rows(tensor.shape, axis, limit)
    rows = tensor.movedim(axis, -1) if tensor.ndim > 1 else tensor.reshape(1, tensor.shape[0])
    return every(rows, stride, inner=1)


def every(tensor: Tensor, stride: int, inner: int) -> Tensor:
    """All axes but the last `inner` counted as one, and of that one every `stride`-th index.

    Nothing else of the tensor is copied, however its axes lie in memory.
    """
    outer, rest = tensor.shape[: tensor.ndim - inner], tensor.shape[tensor.ndim - inner :]
    if stride == 1:
        return tensor.reshape(prod(outer), *rest)
    try:
        return tensor.view(prod(outer), *rest)[::stride]
    except RuntimeError:  # no step leads from each to the next
        return tensor[_places(outer, stride, tensor.device)]


@lru_cache(64)
def _places(shape: tuple[int, ...], stride: int, device: torch.device) -> tuple[Tensor, ...]:
    """Along each axis, where every `stride`-th of all indices lies."""
    return torch.unravel_index(torch.arange(0, prod(shape), stride, device=device), shape)


@lru_cache(PLANS)
def stride_of_rows(shape: tuple[int, ...], axis: int, limit: int = LIMIT) -> int:
    """Every how many rows `as_rows` takes one."""
    if len(shape) < 2:
        return 1
    others = [length for place, length in enumerate(shape) if place != axis % len(shape)]
    inner = others[-1] if len(others) > 1 else 1
    return row_stride(prod(others), shape[axis], inner, limit)


def thinned(tensor: Tensor, limit: int = LIMIT) -> Tensor:
    """At most about `limit` elements in one axis, at a stride that shares no factor with a row."""
    stride = thinning(tensor.numel(), tensor.shape[-1] if tensor.ndim else 1, limit)
    return every(tensor.detach(), stride, inner=0)


@lru_cache(PLANS)
def thinning(elements: int, row: int, limit: int = LIMIT) -> int:
    """Every how many elements `thinned` takes one; `row`: length of the last axis."""
    stride = max(1, -(-elements // limit))
    while stride > 1 and gcd(stride, row) != 1:
        stride += 1
    return stride


def row_stride(rows: int, units: int, inner: int, limit: int) -> int:
    """Every how many rows one is taken; at least two rows stay, however wide they are."""
    if rows * units <= limit or rows <= 2:
        return 1
    stride = min(-(-rows * units // limit), rows // 2)
    while stride > 1 and gcd(stride, inner) != 1:
        stride += 1
    return stride


def surely_finite(total: Tensor) -> bool:
    """Whether a sum (or norm) over a tensor shows that every element is finite."""
    return bool(total.isfinite())

"""A tensor and what made it → rows of units, sub-sampled by a fixed stride."""

from __future__ import annotations

from math import gcd

from torch import Tensor

LIMIT = 2**14  # elements of one site that are looked at in one call


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
    rows = tensor.movedim(axis, -1) if tensor.ndim > 1 else tensor.reshape(-1, tensor.shape[0])
    inner = rows.shape[-2] if rows.ndim > 2 else 1
    rows = rows.flatten(0, -2)
    stride = row_stride(rows.shape[0], rows.shape[1], inner, limit)
    return rows[::stride] if stride > 1 else rows


def thinned(tensor: Tensor, limit: int = LIMIT) -> Tensor:
    """At most about `limit` elements in one axis, at a stride that shares no factor with a row."""
    flat = tensor.detach().reshape(-1)
    stride = -(-flat.numel() // limit)
    while stride > 1 and gcd(stride, tensor.shape[-1]) != 1:
        stride += 1
    return flat[::stride] if stride > 1 else flat


def row_stride(rows: int, units: int, inner: int, limit: int) -> int:
    """Every how many rows one is taken; at least two rows stay, however wide they are."""
    if rows * units <= limit or rows <= 2:
        return 1
    stride = min(-(-rows * units // limit), rows // 2)
    while stride > 1 and gcd(stride, inner) != 1:
        stride += 1
    return stride

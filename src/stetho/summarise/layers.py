"""A layer's input x → its offset and scale; where it reads data, those of each feature."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.record import LayerStats
from stetho.summarise import native
from stetho.summarise.layout import LIMIT, as_rows, stride_of_rows
from stetho.summarise.moments import SPREAD, Moments, Spread
from stetho.summarise.native.views import View, view
from stetho.summarise.site import COLUMNS

FEATURES = 5  # numbers that say how features of the data differ


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """Merges over the calls of one probe."""

    x: Spread
    columns: Moments | None  # of each feature, where the layer reads data

    def __add__(self, other: LayerSummary) -> LayerSummary:
        columns = self.columns
        if columns is not None and other.columns is not None:
            same = columns.mean.shape == other.columns.mean.shape
            columns = columns + other.columns if same else columns
        return LayerSummary(self.x + other.x, columns)

    def row(self) -> Tensor:
        """What `layer_stats` takes."""
        if self.columns is None:
            return self.x.numbers
        return torch.cat([self.x.numbers, _of_features(self.columns)])


def layer_stats(row: list[float]) -> LayerStats:
    count, mean, m2, nonfinite, _, *features = row
    rms = math.sqrt(m2 / count + mean * mean) if count else math.nan
    return LayerStats(count, mean if count else math.nan, rms, nonfinite, *features)


def _of_features(columns: Moments) -> Tensor:
    """(FEATURES,): the last fields of `LayerStats`."""
    mean = columns.mean
    if native.core is not None:
        numbers, out = torch.cat(columns.parts()), torch.empty(FEATURES, dtype=torch.float64)
        native.core.features(
            numbers.data_ptr(), numbers.numel(), len(mean), out.data_ptr(), FEATURES
        )
        return out
    std = columns.std
    varying = (std > 0) & torch.isfinite(std)
    spread = std.square().mean().sqrt()
    offset = mean.square().mean().sqrt() / torch.where(spread > 0, spread, torch.nan)
    ordered = std[varying].sort().values
    zero = (columns.low == 0) & (columns.high == 0)
    shares = (~varying).double().mean(), zero.double().mean()
    return torch.stack([offset, _quantile(ordered, 0.05), _quantile(ordered, 0.95), *shares])


def _quantile(ordered: Tensor, share: float) -> Tensor:
    """Of ascending numbers, between two of them linearly; NaN: there are none."""
    if not len(ordered):
        return ordered.new_tensor(torch.nan)
    place = share * (len(ordered) - 1)
    low = int(place)
    return torch.lerp(ordered[low], ordered[min(low + 1, len(ordered) - 1)], place - low)


def samples_of_layer(x: Tensor, conv: bool) -> Tensor:
    """What is looked at of a layer's input: (rows, features)."""
    return as_rows(x, _axis(x, conv))


def summarise_samples(rows: Tensor, features: bool) -> LayerSummary:
    """As `summarise_layer` of the input that they were taken from."""
    return summarise_layer(rows, conv=False, features=features, limit=max(rows.numel(), 1))


def _axis(x: Tensor, conv: bool) -> int:
    return 1 if conv and x.ndim > 2 else max(x.ndim - 1, 0)


def summarise_layer(x: Tensor, conv: bool, features: bool, limit: int = LIMIT) -> LayerSummary:
    """x: (samples, …, features), or (samples, channels, …) before a convolution."""
    axis = _axis(x, conv)
    seen = view(x)
    if seen is None:
        rows = as_rows(x, axis, limit)
        return LayerSummary(Spread.of(rows), Moments.of_columns(rows) if features else None)
    unit, stride = axis if x.ndim else -1, stride_of_rows(x.shape, axis, limit)
    out = torch.empty(SPREAD, dtype=torch.float64)
    native.core.spread(seen, unit, stride, out.data_ptr(), SPREAD)
    return LayerSummary(Spread(out), _columns(seen, unit, stride) if features else None)


def _columns(seen: View, unit: int, stride: int) -> Moments:
    units = 1 if unit < 0 else seen[2][unit]
    out = torch.empty(COLUMNS, units, dtype=torch.float64)
    native.core.columns(seen, unit, stride, out.data_ptr(), out.numel())
    return Moments(*out[: len(Moments.__slots__)])

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
from stetho.summarise.native.views import view


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
        return torch.cat([self.x.numbers, torch.stack(_of_features(self.columns))])


def layer_stats(row: list[float]) -> LayerStats:
    count, mean, m2, nonfinite, _, *features = row
    rms = math.sqrt(m2 / count + mean * mean) if count else math.nan
    return LayerStats(count, mean if count else math.nan, rms, nonfinite, *features)


def _of_features(columns: Moments) -> list[Tensor]:
    mean, std = columns.mean, columns.std
    varying = (std > 0) & torch.isfinite(std)
    spread = std.square().mean().sqrt()
    offset = mean.square().mean().sqrt() / torch.where(spread > 0, spread, torch.nan)
    ordered = std[varying].sort().values
    zero = (columns.low == 0) & (columns.high == 0)
    return [
        offset,
        _quantile(ordered, 0.05),
        _quantile(ordered, 0.95),
        (~varying).double().mean(),
        zero.double().mean(),
    ]


def _quantile(ordered: Tensor, share: float) -> Tensor:
    """Of ascending numbers, between two of them linearly; NaN: there are none."""
    if not len(ordered):
        return ordered.new_tensor(torch.nan)
    place = share * (len(ordered) - 1)
    low = int(place)
    return torch.lerp(ordered[low], ordered[min(low + 1, len(ordered) - 1)], place - low)


def summarise_layer(x: Tensor, conv: bool, features: bool, limit: int = LIMIT) -> LayerSummary:
    """x: (samples, …, features), or (samples, channels, …) before a convolution."""
    axis = 1 if conv and x.ndim > 2 else max(x.ndim - 1, 0)
    columns = Moments.of_columns(as_rows(x, axis, limit)) if features else None
    seen = view(x)
    if seen is None:
        return LayerSummary(Spread.of(as_rows(x, axis, limit)), columns)
    out = torch.empty(SPREAD, dtype=torch.float64)
    stride = stride_of_rows(x.shape, axis, limit)
    native.core.spread(seen, axis if x.ndim else -1, stride, out.data_ptr(), SPREAD)
    return LayerSummary(Spread(out), columns)

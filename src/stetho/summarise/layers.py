"""A layer's input x → its offset and scale; where it reads data, those of each feature."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.summarise.layout import LIMIT, as_rows
from stetho.summarise.moments import Moments

FIELDS = (
    "count",
    "x_mean",
    "x_rms",
    "x_nonfinite",
    "feature_offset",
    "feature_std_low",
    "feature_std_high",
    "constant_features",
    "zero_inputs",
)


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """Merges over the calls of one probe. `features`: whether each feature is to be judged."""

    columns: Moments  # of each feature
    features: bool

    def __add__(self, other: LayerSummary) -> LayerSummary:
        if self.columns.mean.shape != other.columns.mean.shape:
            return self
        return LayerSummary(self.columns + other.columns, self.features)

    def row(self) -> list[Tensor]:
        """The values of `FIELDS`, as float64 scalars."""
        every = self.columns.together()
        first = [every.count, every.mean, every.rms, every.nonfinite]
        nan = every.mean.new_full((), torch.nan)
        return [*first, *(self._of_features() if self.features else [nan] * 5)]

    def _of_features(self) -> list[Tensor]:
        mean, std = self.columns.mean, self.columns.std
        varying = (std > 0) & torch.isfinite(std)
        spread = std.square().mean().sqrt()
        offset = mean.square().mean().sqrt() / torch.where(spread > 0, spread, torch.nan)
        stds = torch.where(varying, std, torch.nan)
        zero = (self.columns.low == 0) & (self.columns.high == 0)
        return [
            offset,
            torch.nanquantile(stds, 0.05),
            torch.nanquantile(stds, 0.95),
            (~varying).double().mean(),
            zero.double().mean(),
        ]


def summarise_layer(x: Tensor, conv: bool, features: bool, limit: int = LIMIT) -> LayerSummary:
    """x: (samples, …, features), or (samples, channels, …) before a convolution."""
    axis = 1 if conv and x.ndim > 2 else max(x.ndim - 1, 0)
    return LayerSummary(Moments.of_columns(as_rows(x, axis, limit)), features)

"""z and a of one call of an activation function → statistics that merge with `+`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from stetho.record import HISTOGRAM_BINS, Function, histogram_edges
from stetho.summarise.layout import LIMIT, as_rows
from stetho.summarise.moments import Moments

FEATURES = 4096  # features of a sample that its cosine with others is taken over


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """The forward half of a site. (units,) where it says units, else scalars; all float64."""

    z: Moments  # units
    histogram: Tensor  # (HISTOGRAM_BINS,)
    a: Moments  # units
    zeros: Tensor  # elements of a that are exactly 0
    active: Tensor  # units: rows in which the unit is not on a flat side
    low: Tensor  # units: rows in which it is saturated on the low side
    high: Tensor  # units
    samples: Tensor  # independent samples (axis 0 of the tensor)
    directions: Tensor  # (features,) Σ over samples of a / |a|
    directed: Tensor  # samples with |a| > 0

    def __add__(self, other: SiteSummary) -> SiteSummary:
        if self.active.shape != other.active.shape:
            raise ValueError(
                f"expected two summaries of one site, got {len(self.active)} and "
                f"{len(other.active)} units"
            )
        same = self.directions.shape == other.directions.shape
        return SiteSummary(
            self.z + other.z,
            self.histogram + other.histogram,
            self.a + other.a,
            self.zeros + other.zeros,
            self.active + other.active,
            self.low + other.low,
            self.high + other.high,
            self.samples + other.samples,
            self.directions + other.directions if same else self.directions,
            self.directed + other.directed if same else self.directed,
        )

    @property
    def cosine(self) -> Tensor:
        """Mean cosine between two different samples: (|Σ â|² − n) / (n (n − 1))."""
        n = self.directed
        square = torch.dot(self.directions, self.directions)
        return torch.where(n > 1, (square - n) / (n * (n - 1)), torch.nan)


def summarise_site(
    z: Tensor, a: Tensor, function: Function, unit_axis: int, limit: int = LIMIT
) -> SiteSummary:
    """Look once at z and a, of any floating dtype and of equal shape (a gate's a is half of z)."""
    if z.is_complex() or a.is_complex():
        raise TypeError("expected real tensors, got complex ones; complex networks are not watched")
    if a.shape != z.shape:  # a gated linear unit: z is the half that goes through the function
        z = z.chunk(2, dim=unit_axis)[-1]
    rows, out = as_rows(z, unit_axis, limit), as_rows(a, unit_axis, limit)
    directions, directed = _directions(a)
    return SiteSummary(
        Moments.of_columns(rows),
        _histogram(rows),
        Moments.of_columns(out),
        (out == 0).sum(dtype=torch.float64),
        _active(rows, out, function),
        _beyond(rows, function.saturates_below, below=True),
        _beyond(rows, function.saturates_above, below=False),
        torch.tensor(float(z.shape[0] if z.ndim > 1 else 1), dtype=torch.float64, device=z.device),
        directions,
        directed,
    )


def _beyond(rows: Tensor, limit: float | None, below: bool) -> Tensor:
    if limit is None:
        return rows.new_zeros(rows.shape[1], dtype=torch.float64)
    return (rows < limit if below else rows > limit).sum(0, dtype=torch.float64)


def _active(rows: Tensor, out: Tensor, function: Function) -> Tensor:
    if not function.known:
        return (out != 0).sum(0, dtype=torch.float64)
    if function.flat_below is None and function.flat_above is None:
        return rows.new_full((rows.shape[1],), rows.shape[0], dtype=torch.float64)
    low = -torch.inf if function.flat_below is None else function.flat_below
    high = torch.inf if function.flat_above is None else function.flat_above
    return ((rows > low) & (rows < high)).sum(0, dtype=torch.float64)


def _histogram(rows: Tensor) -> Tensor:
    """Counts by `histogram_edges`; numbers that are not finite are left out."""
    x = rows.reshape(-1).float()
    x = x[torch.isfinite(x)] if x.device.type == "cpu" else torch.nan_to_num(x)
    bins = torch.bucketize(x, _edges(x.device))
    return torch.bincount(bins, minlength=HISTOGRAM_BINS).double()


@cache
def _edges(device: torch.device) -> Tensor:
    return torch.tensor(histogram_edges(), device=device)


def _directions(a: Tensor) -> tuple[Tensor, Tensor]:
    if a.ndim < 2:
        return a.new_zeros(1, dtype=torch.float64), a.new_zeros((), dtype=torch.float64)
    flat = a.detach().reshape(a.shape[0], -1) if a.numel() else a.new_zeros(0, 1)
    flat = flat[:, :: max(1, flat.shape[1] // FEATURES)].double()
    norms = torch.linalg.vector_norm(flat, dim=1)
    usable = torch.isfinite(norms) & (norms > 0)
    unit = torch.where(usable, 1 / norms, 0.0)
    return unit @ torch.nan_to_num(flat, 0.0, 0.0, 0.0), usable.sum(dtype=torch.float64)

"""z and a of one call of an activation function → statistics that merge with `+`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from stetho.record import HISTOGRAM_BINS, Function, histogram_edges
from stetho.summarise.layout import LIMIT, as_rows, thinned
from stetho.summarise.moments import Moments, Spread

COUNTED = 4096  # elements of a site that its histogram counts: shares are right to 1 %
FEATURES = 1024  # features of a sample that its cosine with others is taken over


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSummary:
    """The forward half of a site. (units,) where it says units, else scalars; all float64."""

    z: Moments  # units
    histogram: Tensor  # (HISTOGRAM_BINS,)
    a: Spread
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
            z=self.z + other.z,
            histogram=self.histogram + other.histogram,
            a=self.a + other.a,
            zeros=self.zeros + other.zeros,
            active=self.active + other.active,
            low=self.low + other.low,
            high=self.high + other.high,
            samples=self.samples + other.samples,
            directions=self.directions + other.directions if same else self.directions,
            directed=self.directed + other.directed if same else self.directed,
        )

    def row(self) -> list[Tensor]:
        """What `site_stats` takes."""
        z, a = self.z.together(), self.a
        return [
            *(z.count, z.mean, z.m2, z.m3, z.m4, z.low, z.high, z.nonfinite),
            *(self.low.sum(), self.high.sum()),
            *(a.count, a.mean, a.m2, a.nonfinite, self.zeros),
            *(self.directed, torch.dot(self.directions, self.directions)),
        ]


ROW = 17  # numbers in `SiteSummary.row`


def site_stats(row: list[float]) -> dict[str, float]:
    """The element-wise fields of `record.SiteStats`."""
    n, mean, m2, m3, m4, low, high, bad, sat_low, sat_high = row[:10]
    a_n, a_mean, a_m2, a_bad, zeros, directed, square = row[10:]
    seen, a_seen = n + bad, a_n + a_bad
    variance = m2 / n if n else math.nan
    spread = variance > 0
    pairs = directed * (directed - 1)
    return {
        "count": seen,
        "z_mean": mean if n else math.nan,
        "z_std": math.sqrt(max(variance, 0.0)) if n else math.nan,
        "z_skew": m3 / n / variance**1.5 if spread else math.nan,
        "z_kurtosis": m4 / n / variance**2 - 3 if spread else math.nan,
        "z_min": low if n else math.nan,
        "z_max": high if n else math.nan,
        "z_nonfinite": bad / seen if seen else 0.0,
        "saturated_low": sat_low / seen if seen else math.nan,
        "saturated_high": sat_high / seen if seen else math.nan,
        "a_mean": a_mean if a_n else math.nan,
        "a_std": math.sqrt(a_m2 / a_n) if a_n else math.nan,
        "a_zero": zeros / a_seen if a_seen else math.nan,
        "a_nonfinite": a_bad / a_seen if a_seen else 0.0,
        # Mean cosine between two different samples: (|Σ â|² − n) / (n (n − 1)).
        "a_cosine": (square - directed) / pairs if pairs > 0 else math.nan,
    }


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
        z=Moments.of_columns(rows),
        histogram=_histogram(rows),
        a=Spread.of(out),
        zeros=out.numel() - torch.count_nonzero(out).double(),
        active=_active(rows, out, function),
        low=_beyond(rows, function.saturates_below, below=True),
        high=_beyond(rows, function.saturates_above, below=False),
        samples=torch.tensor(
            float(z.shape[0] if z.ndim > 1 else 1), dtype=torch.float64, device=z.device
        ),
        directions=directions,
        directed=directed,
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
    """Counts by `histogram_edges` of at most `COUNTED` elements, finite ones only."""
    x = thinned(rows, COUNTED).float()
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

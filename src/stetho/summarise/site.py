"""z and a of one call of an activation function → statistics that merge with `+`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor

from stetho.record import HISTOGRAM_BINS, Function, histogram_edges
from stetho.summarise import native
from stetho.summarise.layout import (
    LIMIT,
    PLANS,
    as_rows,
    every,
    stride_of_rows,
    thinned,
    thinning,
    unit_axis,
)
from stetho.summarise.moments import SPREAD, Moments, Spread
from stetho.summarise.native.views import View, view

COUNTED = 4096  # elements of a site that its histogram counts: shares are right to 1 %
FEATURES = 1024  # features of a sample that its cosine with others is taken over, at most,
COMPARED = 2**14  # elements of all samples that it is taken over, and
FEWEST = 64  # features at least
COLUMNS = 11  # numbers of each unit


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSummary:
    """The forward half of a site: one float64 tensor, whose parts the properties name."""

    numbers: Tensor  # all that follows, one behind the other
    units: int
    samples: float  # independent samples (axis 0 of the tensor)

    @property
    def columns(self) -> Tensor:
        """(COLUMNS, units): the moments of z, `active`, `low`, `high`."""
        return self.numbers[: COLUMNS * self.units].view(COLUMNS, self.units)

    @property
    def z(self) -> Moments:
        """Of each unit."""
        return Moments(*self.columns[:8])

    @property
    def active(self) -> Tensor:
        """(units,) rows in which the unit is not on a flat side."""
        return self.columns[8]

    @property
    def low(self) -> Tensor:
        """(units,) rows in which it is saturated on the low side."""
        return self.columns[9]

    @property
    def high(self) -> Tensor:
        """(units,) and on the high side."""
        return self.columns[10]

    @property
    def a(self) -> Spread:
        """Of all elements of a."""
        return Spread(self._rest[:SPREAD])

    @property
    def directed(self) -> Tensor:
        """() samples with |a| > 0."""
        return self._rest[SPREAD]

    @property
    def histogram(self) -> Tensor:
        """(HISTOGRAM_BINS,)"""
        return self._rest[SPREAD + 1 : SPREAD + 1 + HISTOGRAM_BINS]

    @property
    def directions(self) -> Tensor:
        """(features,) Σ over samples of a / |a|."""
        return self._rest[SPREAD + 1 + HISTOGRAM_BINS :]

    @property
    def _rest(self) -> Tensor:
        return self.numbers[COLUMNS * self.units :]

    def __add__(self, other: SiteSummary) -> SiteSummary:
        if self.units != other.units:
            raise ValueError(
                f"expected two summaries of one site, got {self.units} and {other.units} units"
            )
        same = self.directions.shape == other.directions.shape
        return joined(
            z=self.z + other.z,
            counts=self.columns[8:] + other.columns[8:],
            a=self.a + other.a,
            directed=self.directed + other.directed if same else self.directed,
            histogram=self.histogram + other.histogram,
            directions=self.directions + other.directions if same else self.directions,
            samples=self.samples + other.samples,
        )

    def row(self) -> Tensor:
        """What `site_stats` takes."""
        z = self.z.together()
        moments = (z.count, z.mean, z.m2, z.m3, z.m4, z.low, z.high, z.nonfinite)
        saturated = (self.low.sum(), self.high.sum())
        directions = (self.directed, torch.dot(self.directions, self.directions))
        return torch.stack([*moments, *saturated, *self.a.numbers, *directions])


def joined(
    *,
    z: Moments,
    counts: Tensor,
    a: Spread,
    directed: Tensor,
    histogram: Tensor,
    directions: Tensor,
    samples: float,
) -> SiteSummary:
    """A summary of its parts; `counts`: (3, units), rows that are active, low and high."""
    columns = (*z.parts(), *counts)
    parts = (*columns, a.numbers, directed.reshape(1), histogram, directions)
    return SiteSummary(numbers=torch.cat(parts), units=len(z.mean), samples=samples)


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
    z: Tensor, a: Tensor, function: Function, axis: int, limit: int = LIMIT
) -> SiteSummary:
    """Look once at z and a, of any floating dtype and of equal shape (a gate's a is half of z)."""
    if z.is_complex() or a.is_complex():
        raise TypeError("expected real tensors, got complex ones; complex networks are not watched")
    z = _own_half(z, a, axis)
    seen_z, seen_a = view(z), view(a)
    if seen_z is None or seen_a is None:
        rows, out = as_rows(z, axis, limit), as_rows(a, axis, limit)
        return _by_torch(rows, out, _of_samples(a), function, _samples_in(a.shape))
    return _by_plan(seen_z, seen_a, (), _plan(a.shape, axis, limit), facts_of(function))


def _own_half(z: Tensor, a: Tensor, axis: int) -> Tensor:
    """Of a gated linear unit the half of z that goes through the function."""
    return z if a.shape == z.shape else z.chunk(2, dim=axis)[-1]


def _by_plan(z: View, a: View, samples: View | tuple[()], plan: Plan, facts: Any) -> SiteSummary:
    """`samples`: where the features of samples are; (): in a."""
    numbers = torch.empty(plan.numbers, dtype=torch.float64)
    native.core.site(
        z, plan.axis, a, plan.axis, samples, plan.stride, facts, plan.counted,
        plan.feature_stride, plan.features, numbers.data_ptr(), plan.numbers,
    )  # fmt: skip
    return SiteSummary(numbers=numbers, units=plan.units, samples=plan.samples)


def samples_of_site(z: Tensor, a: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """What `summarise_samples` takes: z and a, (rows, units), and features of each sample."""
    return as_rows(_own_half(z, a, axis), axis), as_rows(a, axis), _of_samples(a)


def summarise_samples(z: Tensor, a: Tensor, features: Tensor, function: Function) -> SiteSummary:
    """As `summarise_site` of the tensors that these were taken from."""
    plan = _plan_of_samples(z.shape, features.shape)
    seen_z, seen_a = view(z), view(a)
    seen_features = view(features) if plan.features else ()
    if seen_z is None or seen_a is None or seen_features is None:
        return _by_torch(z, a, features, function, plan.samples)
    return _by_plan(seen_z, seen_a, seen_features, plan, facts_of(function))


@lru_cache(PLANS)
def _plan_of_samples(rows: tuple[int, ...], features: tuple[int, ...]) -> Plan:
    return Plan(
        axis=1,
        units=rows[1],
        stride=1,
        counted=thinning(math.prod(rows), rows[1], COUNTED),
        feature_stride=1,
        features=features[1],
        samples=float(features[0]),
        numbers=_length(rows[1], features[1]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """How one site was looked at the last time; holds for a call that equals that one."""

    function: Function
    from_conv: bool | None
    axis: int
    shape: tuple[int, ...]
    plan: Plan
    facts: Any

    @staticmethod
    def of(shape: tuple[int, ...], function: Function, from_conv: bool | None) -> SitePlan:
        axis = unit_axis(shape, from_conv)
        return SitePlan(
            function=function,
            from_conv=from_conv,
            axis=axis,
            shape=shape,
            plan=_plan(shape, axis, LIMIT),
            facts=None if native.core is None else facts_of(function),
        )

    def fits(self, z: Tensor, function: Function, from_conv: bool | None) -> bool:
        same = self.function is function or self.function == function
        known = same and self.from_conv is from_conv
        return known and self.shape == z.shape and (self.facts is None) is (native.core is None)

    def summarise(self, z: Tensor, a: Tensor) -> SiteSummary:
        """As `summarise_site`."""
        if a.shape == self.shape:
            seen_z, seen_a = view(z), view(a)
            if seen_z is not None and seen_a is not None:
                return _by_plan(seen_z, seen_a, (), self.plan, self.facts)
        return summarise_site(z, a, self.function, self.axis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is looked at of a tensor of one shape."""

    axis: int  # that counts units; -1: there is none
    units: int
    stride: int  # every how many rows one is taken
    counted: int  # of their elements, every how many the histogram counts one
    feature_stride: int
    features: int  # of a sample, in its direction
    samples: float
    numbers: int  # length of a `SiteSummary`


@lru_cache(PLANS)
def _plan(shape: tuple[int, ...], axis: int, limit: int) -> Plan:
    units = shape[axis] if shape else 1
    stride = stride_of_rows(shape, axis, limit)
    rows = -(-math.prod(shape) // max(units, 1) // stride) if shape else 1
    each = math.prod(shape[1:])
    feature_stride = _feature_stride(shape)
    features = -(-each // feature_stride) if len(shape) > 1 else 0
    return Plan(
        axis=axis if shape else -1,
        units=units,
        stride=stride,
        counted=thinning(rows * units, units, COUNTED),
        feature_stride=feature_stride,
        features=features,
        samples=_samples_in(shape),
        numbers=_length(units, features),
    )


def _length(units: int, features: int) -> int:
    return COLUMNS * units + SPREAD + 1 + HISTOGRAM_BINS + features


def _feature_stride(shape: tuple[int, ...]) -> int:
    """Every how many features of a sample one is looked at."""
    samples, each = (shape[0], math.prod(shape[1:])) if shape else (1, 1)
    features = max(FEWEST, min(FEATURES, COMPARED // max(samples, 1)))
    return max(1, each // features)


@lru_cache(PLANS)
def facts_of(function: Function) -> Any:
    """A function's flat and saturated sides, as the kernels take them."""
    return native.core.Facts(
        known=function.known,
        flat_below=function.flat_below,
        flat_above=function.flat_above,
        saturates_below=function.saturates_below,
        saturates_above=function.saturates_above,
    )


def _by_torch(
    rows: Tensor, out: Tensor, features: Tensor, function: Function, samples: float
) -> SiteSummary:
    low = _beyond(rows, function.saturates_below, below=True)
    high = _beyond(rows, function.saturates_above, below=False)
    directions, directed = _directions(features)
    return joined(
        z=Moments.of_columns(rows),
        counts=torch.stack([_active(rows, out, function), low, high]),
        a=Spread.of(out),
        directed=directed,
        histogram=_histogram(rows),
        directions=directions,
        samples=samples,
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
    bins = torch.bucketize(x[torch.isfinite(x)], _edges())
    return torch.bincount(bins, minlength=HISTOGRAM_BINS).double()


@cache
def _edges() -> Tensor:
    return torch.tensor(histogram_edges())


def _samples_in(shape: tuple[int, ...]) -> float:
    return float(shape[0] if len(shape) > 1 else 1)


def _of_samples(a: Tensor) -> Tensor:
    """(samples, features): some features of each sample; none where there is no axis of samples."""
    if a.ndim < 2:
        return a.new_zeros(1, 0)
    return every(a.detach().movedim(0, -1), _feature_stride(a.shape), inner=1).T


def _directions(features: Tensor) -> tuple[Tensor, Tensor]:
    """(features,) Σ over samples of a / |a|, and how many samples that were."""
    flat = features.double()
    norms = torch.linalg.vector_norm(flat, dim=1)
    usable = torch.isfinite(norms) & (norms > 0)
    unit = torch.where(usable, 1 / norms, 0.0)
    return unit @ torch.nan_to_num(flat, 0.0, 0.0, 0.0), usable.sum(dtype=torch.float64)

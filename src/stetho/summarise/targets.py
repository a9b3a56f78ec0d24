"""Targets of a loss function → the loss of the best constant prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from stetho.record import Criterion

LACKING = 0.01  # part of an entropy that too few samples may hide
CLASSES = 2**17  # more classes than this are not counted


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """Sums over targets, that merge with `+`.

    cross entropy: `first` counts each class; others: `first` sums and `second` sums squares of
    each output.
    """

    kind: str
    count: Tensor
    first: Tensor
    second: Tensor | None = None

    def __add__(self, other: TargetSummary) -> TargetSummary:
        if self.kind != other.kind or self.first.shape != other.first.shape:
            return other
        second = self.second
        if second is not None and other.second is not None:
            second = second + other.second
        return TargetSummary(self.kind, self.count + other.count, self.first + other.first, second)

    def baseline(self) -> float:
        """Loss (mean reduction) of the one prediction that does best for all samples; nats.

        Cross entropy: the entropy of the classes' shares, corrected for their number (Miller 1955);
        NaN while the correction is above 1 % of it. Binary cross entropy: the mean entropy
        of each output's mean. Squared error: the mean variance. Huber's: half of it, which is what
        squares give; large errors cost less.
        """
        count = float(self.count)
        if count <= 0:
            return math.nan
        mean = self.first / count
        if self.kind == "cross_entropy":
            return _entropy(mean, count)
        if self.kind == "bce":
            p = mean.clamp(0, 1)
            return float(-(torch.special.xlogy(p, p) + torch.special.xlogy(1 - p, 1 - p)).mean())
        if self.second is not None:
            variance = float((self.second / count - mean**2).clamp(min=0).mean())
            return variance / 2 if self.kind == "huber" else variance
        return math.nan


def _entropy(shares: Tensor, count: float) -> float:
    """Nats. From few samples, shares alone give too little: by (classes seen - 1) / 2 samples."""
    plain = float(-torch.special.xlogy(shares, shares).sum())
    lacking = (int((shares > 0).sum()) - 1) / (2 * count)
    if lacking > LACKING * plain:
        return math.nan
    return min(plain + lacking, math.log(shares.numel()))


@dataclass(frozen=True, slots=True)
class TargetRange:
    """Smallest and largest target of a loss function; float64 tensors that merge with `+`.

    `sums`: count, Σ t, Σ t², how many lie outside of the bounds of the output, and Σ d², d being
    how far outside they lie; zeros where the output has no bounds. Of classes the count alone, and
    at the end how many end their row in one class.
    """

    criterion: Criterion
    low: Tensor
    high: Tensor
    sums: Tensor

    @classmethod
    def of(cls, criterion: Criterion, target: Tensor, ignore_index: int = -100) -> TargetRange:
        if criterion.classes and not target.is_floating_point():
            kept = target[target != ignore_index]
            low, high = torch.aminmax(kept if kept.numel() else target)
            sums = torch.zeros(6, dtype=torch.float64)
            sums[0], sums[5] = kept.numel(), _in_tails(target, ignore_index)
        else:
            low, high = torch.aminmax(target)
            sums = _beyond(criterion, target)
        return cls(criterion, low.double(), high.double(), sums)

    def __add__(self, other: TargetRange) -> TargetRange:
        low, high = torch.minimum(self.low, other.low), torch.maximum(self.high, other.high)
        return TargetRange(self.criterion, low, high, self.sums + other.sums)

    def row(self) -> Tensor:
        return torch.cat([torch.stack([self.low, self.high]), self.sums])


def with_targets(criterion: Criterion, row: list[float]) -> Criterion:
    """Return the loss function with what a `row` of its targets shows."""
    low, high, count, first, second, beyond, missed, tail = row
    seen = replace(criterion, target_low=low, target_high=high)
    if criterion.classes and count:
        return replace(seen, targets=count, tail=tail / count)
    scatter = second - first * first / count if count else 0.0
    if not scatter > 0:
        return seen
    return replace(seen, beyond=beyond / count, missed=missed / scatter)


def _beyond(criterion: Criterion, target: Tensor) -> Tensor:
    bounded = math.isfinite(criterion.lower) or math.isfinite(criterion.upper)
    if not bounded or criterion.classes or not target.is_floating_point():
        return torch.zeros(6, dtype=torch.float64)
    plain = target.double().reshape(-1)
    outside = (plain - plain.clamp(criterion.lower, criterion.upper)).abs()
    count = torch.tensor(float(plain.numel()), dtype=torch.float64)
    parts = (plain.sum(), plain.square().sum(), (outside > 0).double().sum())
    return torch.stack([count, *parts, outside.square().sum(), torch.zeros_like(count)])


def _in_tails(target: Tensor, ignore_index: int) -> int:
    """Of targets (samples, positions), how many stand in the runs of one class that end rows."""
    if target.ndim != 2 or target.shape[1] < 2 or int(target[0, -1]) == ignore_index:
        return 0
    same = target == target[0, -1]
    return int(same.flip(1).cummin(1).values.sum())


def add_range(ranges: dict[str, TargetRange], seen: TargetRange) -> None:
    """Take a range in among those of all loss functions, in place; the key names the function."""
    key = repr(seen.criterion)
    ranges[key] = ranges[key] + seen if key in ranges else seen


def summarise_targets(
    kind: str, target: Tensor, classes: int = 0, ignore_index: int = -100
) -> TargetSummary | None:
    """`None` for a kind of loss whose best constant prediction is not known here."""
    if kind == "cross_entropy" and not target.is_floating_point():
        if not 0 < classes <= CLASSES:
            return None
        kept = target.reshape(-1)
        if not _are_classes(kept, classes, ignore_index):
            kept = kept[(kept != ignore_index) & (kept >= 0) & (kept < classes)]
        counts = torch.bincount(kept, minlength=classes).double()
        return TargetSummary(kind, counts.sum(), counts)
    if kind == "cross_entropy":
        shares = target.movedim(1, -1).reshape(-1, target.shape[1]) if target.ndim > 1 else target
        return TargetSummary(kind, _rows(shares), shares.double().sum(0))
    if kind in ("bce", "mse", "huber"):
        outputs = target.reshape(target.shape[0], -1) if target.ndim > 1 else target.reshape(-1, 1)
        outputs = outputs.double()
        return TargetSummary(kind, _rows(outputs), outputs.sum(0), outputs.square().sum(0))
    return None


def _are_classes(targets: Tensor, classes: int, ignore_index: int) -> bool:
    """Whether all of them are, and none is to be ignored."""
    if not targets.numel() or 0 <= ignore_index < classes:
        return False
    low, high = torch.aminmax(targets)
    return int(low) >= 0 and int(high) < classes


def _rows(tensor: Tensor) -> Tensor:
    return torch.tensor(float(tensor.shape[0]), dtype=torch.float64)

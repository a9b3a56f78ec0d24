"""Summaries of one site, probe after probe → what became of each unit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.record import Function
from stetho.summarise.site import SiteSummary

NEARLY_ALL = 0.95  # share of the samples in which a saturated unit is so
FIELDS = (
    "samples",
    "silent",
    "never_active",
    "silent_samples",
    "dead",
    "dead_by_bias",
    "saturated_units_low",
    "saturated_units_high",
    "saturated_by_bias",
    "unit_offset",
    "unit_spread",
    "unit_shift",
    "unit_shift_noise",
)


@dataclass(slots=True, kw_only=True)
class UnitMemory:
    """Remembers each unit over the probes; as much memory as a few numbers a unit."""

    function: Function
    ever: Tensor | None = None  # units that some sample activated
    silent: Tensor | None = None  # units that no sample of the last probe activated
    quiet_rows: Tensor | None = None  # rows since each unit was last active
    mean: Tensor | None = None  # of z in the last probe
    samples: Tensor | None = None

    def update(self, summary: SiteSummary, shift: Tensor | None) -> list[Tensor]:
        """Take in one probe; gives the values of `FIELDS`, as float64 scalars.

        `shift`: the bias that was added to z, unit by unit, where there is one.
        """
        rows = summary.z.count.max() if summary.z.count.numel() else summary.samples
        silent = summary.active == 0
        before = silent if self.silent is None else self.silent
        ever = ~silent if self.ever is None else self.ever | ~silent
        quiet = torch.zeros_like(summary.active) if self.quiet_rows is None else self.quiet_rows
        quiet = torch.where(silent, quiet + rows, 0.0)
        dead = silent & before
        bias = _fitting(shift, summary)
        values = [
            rows,
            _share(silent),
            _share(~ever),
            _middle(quiet, dead),
            _share(dead),
            _share_among(self._alive_without(bias, summary), dead),
            *self._saturated(bias, summary),
            _rms(summary.z.mean),
            _rms(summary.z.std),
            *self._moved(summary),
        ]
        self.ever, self.silent, self.quiet_rows = ever, silent, quiet
        self.mean, self.samples = summary.z.mean, summary.samples
        return values

    def _alive_without(self, bias: Tensor | None, summary: SiteSummary) -> Tensor | None:
        """Units that some sample would activate if their bias were 0."""
        if bias is None:
            return None
        alive = torch.zeros_like(bias, dtype=torch.bool)
        if self.function.flat_below is not None:
            alive |= (summary.z.high - bias > self.function.flat_below) & (bias < 0)
        if self.function.flat_above is not None:
            alive |= (summary.z.low - bias < self.function.flat_above) & (bias > 0)
        return alive

    def _saturated(self, bias: Tensor | None, summary: SiteSummary) -> list[Tensor]:
        """Share of units saturated low and high in nearly all rows; how many of them by bias."""
        most = NEARLY_ALL * summary.z.count.clamp(min=1)
        low, high = summary.low > most, summary.high > most
        without = None
        if bias is not None:
            centre = summary.z.mean - bias
            inside = torch.ones_like(low)
            if self.function.saturates_below is not None:
                inside &= centre > self.function.saturates_below
            if self.function.saturates_above is not None:
                inside &= centre < self.function.saturates_above
            without = inside
        return [_share(low), _share(high), _share_among(without, low | high)]

    def _moved(self, summary: SiteSummary) -> list[Tensor]:
        """Rms move of the units' means in their own deviations, and what sampling alone gives.

        Rows of one sample are not independent (pixels of an image), so the noise is that of as
        many draws as there are samples: an upper bound.
        """
        std = summary.z.std
        nan = std.new_tensor(torch.nan)
        if self.mean is None or self.samples is None or self.mean.shape != std.shape:
            return [nan, nan]
        moves = torch.where(std > 0, ((summary.z.mean - self.mean) / std) ** 2, 0.0)
        moving = (std > 0).sum().clamp(min=1)
        noise = (1 / summary.samples + 1 / self.samples).sqrt()
        return [(moves.sum() / moving).sqrt(), noise]


def _fitting(shift: Tensor | None, summary: SiteSummary) -> Tensor | None:
    if shift is None or shift.shape != summary.active.shape:
        return None
    return shift.detach().double().to(summary.active.device)


def _share(mask: Tensor) -> Tensor:
    return mask.double().mean()


def _share_among(mask: Tensor | None, among: Tensor) -> Tensor:
    """Share of `mask` among the units of `among`; NaN if these are none or nothing is known."""
    if mask is None:
        return among.new_tensor(torch.nan, dtype=torch.float64)
    count = among.sum(dtype=torch.float64)
    return (mask & among).sum(dtype=torch.float64) / torch.where(count > 0, count, torch.nan)


def _middle(values: Tensor, among: Tensor) -> Tensor:
    """The (lower) median of the values of `among`; 0 if these are none."""
    chosen = torch.where(among, values, torch.nan)
    return torch.nanmedian(chosen).nan_to_num(0.0) if chosen.numel() else values.new_zeros(())


def _rms(values: Tensor) -> Tensor:
    return values.square().mean().sqrt()

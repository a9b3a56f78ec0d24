"""Summaries of one site, probe after probe → what became of each unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stetho.record import HISTOGRAM_BINS, Function
from stetho.summarise import native
from stetho.summarise.gradients import FIELDS as GRADIENT
from stetho.summarise.moments import SPREAD
from stetho.summarise.native.views import view
from stetho.summarise.site import COLUMNS, ROW, SiteSummary, facts_of

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
    # (4, units) float64: 1 where some sample activated the unit, 1 where none of the last probe's
    # did, rows since it was last active, mean of z in the last probe
    units: Tensor | None = None
    samples: float = math.nan  # of the last probe
    facts: Any = None  # `function` as the kernels take it

    def row(self, summary: SiteSummary, shift: Tensor | None) -> Tensor:
        """Take in one probe; gives (ROW + len(FIELDS),) float64: of the site, then of its units.

        `shift`: the bias that was added to z, unit by unit, where there is one.
        """
        if native.core is not None:
            none = summary.numbers.new_zeros(GRADIENT)
            return site_rows([(self, summary, shift, none, none)])[0, : ROW + len(FIELDS)]
        bias = None if not _fits(shift, summary) else shift
        if bias is not None:
            bias = bias.detach().double()
        row = torch.cat(
            [summary.row(), torch.stack(self._update(summary, bias, self._fresh(summary)))]
        )
        self.samples = summary.samples
        return row

    def _fresh(self, summary: SiteSummary) -> bool:
        return self.units is None or self.units.shape[1] != summary.units

    def item(
        self, summary: SiteSummary, shift: Tensor | None, up: Tensor, down: Tensor
    ) -> tuple[Any, ...]:
        """What `native.core.rows` takes of one probe."""
        before = self.samples
        if self._fresh(summary):
            self.units, before = torch.zeros(4, summary.units, dtype=torch.float64), math.nan
        self.samples = summary.samples
        bias = None
        if shift is not None and _fits(shift, summary):
            bias = view(shift) or view(shift.detach().double())
        if self.facts is None:
            self.facts = facts_of(self.function)
        numbers, memory = summary.numbers, self.units
        assert memory is not None, "made above"
        assert numbers.is_contiguous(), "it is made so"
        length, memory_length = numbers.numel(), memory.numel()
        features = length - COLUMNS * summary.units - SPREAD - 1 - HISTOGRAM_BINS
        return (
            *(numbers.data_ptr(), length, summary.units, features, summary.samples, before),
            *(bias, memory.data_ptr(), memory_length, self.facts),
            *(up.data_ptr(), down.data_ptr()),
        )

    def _update(self, summary: SiteSummary, bias: Tensor | None, fresh: bool) -> list[Tensor]:
        """The values of `FIELDS`, as float64 scalars."""
        samples = summary.numbers.new_tensor(summary.samples)
        rows = summary.z.count.max() if summary.units else samples
        silent = summary.active == 0
        known = None if fresh else self.units
        ever, before, quiet, mean = (None, silent, 0.0, None) if known is None else known
        ever = ~silent if ever is None else (ever != 0) | ~silent
        quiet = torch.where(silent, quiet + rows, 0.0)
        dead = silent & (before != 0)
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
            *self._moved(summary, mean),
        ]
        self.units = torch.stack([ever.double(), silent.double(), quiet, summary.z.mean])
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

    def _moved(self, summary: SiteSummary, before: Tensor | None) -> list[Tensor]:
        """Rms move of the units' means in their own deviations, and what sampling alone gives.

        Rows of one sample are not independent (pixels of an image), so the noise is that of as
        many draws as there are samples: an upper bound.
        """
        std = summary.z.std
        if before is None:
            nan = std.new_tensor(torch.nan)
            return [nan, nan]
        moves = torch.where(std > 0, ((summary.z.mean - before) / std) ** 2, 0.0)
        moving = (std > 0).sum().clamp(min=1)
        either = (summary.samples, self.samples)
        noise = math.sqrt(sum(1 / count for count in either)) if all(either) else math.inf
        return [(moves.sum() / moving).sqrt(), std.new_tensor(noise)]


def _fits(shift: Tensor | None, summary: SiteSummary) -> bool:
    return shift is not None and shift.shape == (summary.units,)


def site_rows(
    sites: Sequence[tuple[UnitMemory, SiteSummary, Tensor | None, Tensor, Tensor]],
) -> Tensor:
    """Take in one probe of some sites: (memory, summary, shift, gradients at a and at z) of each.

    Gives (sites, ROW + len(FIELDS) + 2 GRADIENT + HISTOGRAM_BINS) float64: of the site, of its
    units, both gradients, histogram.
    """
    if not sites:
        return torch.empty(0, 0)
    if native.core is None:
        whole = [
            torch.cat([memory.row(summary, shift), up, down, summary.histogram])
            for memory, summary, shift, up, down in sites
        ]
        return torch.stack(whole)
    kept = [(up.contiguous(), down.contiguous()) for *_, up, down in sites]
    items = [
        memory.item(summary, shift, *gradients)
        for (memory, summary, shift, *_), gradients in zip(sites, kept, strict=True)
    ]
    width = ROW + len(FIELDS) + 2 * GRADIENT + HISTOGRAM_BINS
    out = torch.empty(len(sites), width, dtype=torch.float64)
    native.core.rows(items, out.data_ptr(), out.numel())
    return out


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

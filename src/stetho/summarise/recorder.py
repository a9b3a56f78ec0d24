"""Events of the observer → the statistics of each probe, handed to a writer of run files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from stetho.events import LayerCall, ParameterState, SiteCall, TargetCall
from stetho.record import (
    Criterion,
    Layer,
    LayerStats,
    NonFiniteOrigin,
    Optimizer,
    Parameter,
    Probe,
    Site,
    SiteStats,
    Spike,
)
from stetho.summarise import gradients, layers, sequence, units
from stetho.summarise.agreement import AgreementSummary, agreement, sums_of_agreement
from stetho.summarise.around_steps import AroundSteps
from stetho.summarise.gradients import gradient_stats, norm
from stetho.summarise.layers import LayerSummary, layer_stats, summarise_layer
from stetho.summarise.parameters import parameter_stats
from stetho.summarise.parts import ProbeParts, SiteTotal
from stetho.summarise.pending import PendingSite
from stetho.summarise.sequence import SequenceSummary, sequence_stats, summarise_sequence
from stetho.summarise.site import ROW, SitePlan, site_stats
from stetho.summarise.staging import Staging, elsewhere
from stetho.summarise.targets import (
    TargetRange,
    TargetSummary,
    add_range,
    summarise_targets,
    with_targets,
)
from stetho.summarise.units import UnitMemory


class Writer(Protocol):
    """Where the statistics go: `stetho.store.RunWriter`."""

    def add_sites(self, sites: Iterable[Site]) -> None: ...
    def add_layers(self, layers: Iterable[Layer]) -> None: ...
    def add_parameters(self, parameters: Iterable[Parameter]) -> None: ...
    def add_optimizers(self, optimizers: Iterable[Optimizer]) -> None: ...
    def add_criteria(self, criteria: Iterable[Criterion]) -> None: ...
    def add_probe(self, probe: Probe) -> None: ...
    def add_losses(self, steps: Sequence[int], losses: Sequence[float]) -> None: ...
    def set_origin(self, origin: NonFiniteOrigin) -> None: ...
    def add_spike(self, spike: Spike) -> None: ...
    def note_unseen(self, sentence: str) -> None: ...
    def note_fault(self, traceback: str) -> None: ...


class Ranks(Protocol):
    """Joins what the ranks of a distributed run measured: `stetho.summarise.exchange`."""

    def probe(self, own: ProbeParts, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        """Take in a probe of this rank; gives those that are whole by now."""

    def losses(
        self, steps: Sequence[int], losses: Sequence[float], last: bool
    ) -> tuple[list[int], list[float]]:
        """Take in losses of this rank; gives those that are whole by now."""

    def rest(self, say: Callable[[str], None]) -> Iterable[ProbeParts]:
        """At the end of the run: what is still to come."""


Summary = TypeVar("Summary", SiteTotal, LayerSummary, SequenceSummary, AgreementSummary)
LOSSES = 256  # losses that wait to be written between probes


class Recorder:
    """A sink. Nothing waits for a device before the end of a probe (see `staging`)."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.ranks: Ranks | None = None  # set when the run turns out to have several
        self._staging = Staging()
        self._around = AroundSteps(self._staging)
        self._memories: dict[str, UnitMemory] = {}
        self._plans: dict[str, SitePlan] = {}
        self._axes: dict[str, tuple[int, int]] = {}  # site → unit axis, units
        self._totals: dict[str, SiteTotal] = {}
        self._layers: dict[str, LayerSummary] = {}
        self._sequences: dict[str, SequenceSummary] = {}
        self._agreements: dict[str, AgreementSummary] = {}
        self._ranges: dict[str, TargetRange] = {}  # of each loss function, over all probes so far
        self._new_ranges: dict[str, TargetRange] = {}  # of this probe
        self._targets: TargetSummary | None = None  # of all probes so far
        self._new_targets: TargetSummary | None = None  # of this probe
        self._target_scale = 1.0
        self._losses: list[tuple[int, Tensor]] = []
        self._last_loss = math.nan
        self._step = 0
        self._said: set[str] = set()

    # -- events of one probe -----------------------------------------------------------------

    def begin_probe(self, step: int) -> None:
        self._step = step
        self._staging.forget()
        self._totals = {}
        self._layers = {}
        self._sequences = {}
        self._agreements = {}
        self._around.begin_probe(step)
        self._new_targets = None
        self._new_ranges = {}

    @torch.no_grad()
    def site(self, call: SiteCall) -> PendingSite:
        plan = self._plans.get(call.name)
        if plan is None or not plan.fits(call.z, call.function, call.from_conv):
            plan = SitePlan.of(tuple(call.z.shape), call.function, call.from_conv)
            self._plans[call.name] = plan
        if call.name not in self._memories:
            self._memories[call.name] = UnitMemory(function=call.function)
        self._axes[call.name] = (plan.axis, call.a.shape[plan.axis] if call.a.ndim else 1)
        pending = PendingSite(call.name, self._totals, self._staging)
        pending.forward(call, plan)
        return pending

    @torch.no_grad()
    def layer(self, call: LayerCall) -> None:
        name, features = call.layer.name, call.layer.reads_data
        conv = call.layer.kind.startswith("conv")
        if not elsewhere(call.x):
            _add(self._layers, name, summarise_layer(call.x, conv, features=features))
            return

        def arrived(rows: Tensor) -> None:
            _add(self._layers, name, layers.summarise_samples(rows, features))

        self._staging.take([layers.samples_of_layer(call.x, conv)], arrived)

    @torch.no_grad()
    def sequence(
        self, layer: str, downstream: Tensor, upstream: Tensor | None, scale: Tensor | None
    ) -> None:
        def arrived(down: Tensor, up: Tensor | None, scale: Tensor | None) -> None:
            _add(self._sequences, layer, summarise_sequence(down, up, scale))

        if not elsewhere(downstream):
            arrived(downstream, upstream, scale)
            return
        up = None if upstream is None else sequence.sampled(upstream)
        self._staging.take([sequence.sampled(downstream), up, scale], arrived)

    @torch.no_grad()
    def agreement(self, layer: str, x: Tensor, gradient: Tensor) -> None:
        def arrived(*sums: Tensor) -> None:
            _add(self._agreements, layer, AgreementSummary.of(*sums))

        sums = sums_of_agreement(x, gradient)
        if sums is None:
            return
        if elsewhere(x):
            self._staging.take(sums, arrived)
        else:
            arrived(*sums)

    @torch.no_grad()
    def target(self, call: TargetCall) -> None:
        if elsewhere(call.target):
            self._staging.take(
                [call.target], lambda there: self._target(replace(call, target=there))
            )
        else:
            self._target(call)

    def _target(self, call: TargetCall) -> None:
        if call.target.numel():
            add_range(
                self._new_ranges, TargetRange.of(call.criterion, call.target, call.ignore_index)
            )
        summary = summarise_targets(call.kind, call.target, call.classes, call.ignore_index)
        if summary is not None:
            known = self._new_targets
            self._new_targets = summary if known is None else known + summary
            self._target_scale = call.scale

    @torch.no_grad()
    def before_backward(self, states: Sequence[ParameterState]) -> None:
        self._around.before_backward(states)

    @torch.no_grad()
    def before_update(self, states: Sequence[ParameterState]) -> None:
        self._around.before_update(states)

    @torch.no_grad()
    def after_update(self, states: Sequence[ParameterState]) -> None:
        self._around.after_update(states)

    @torch.no_grad()
    def end_probe(self, step: int, elapsed: float, lr: tuple[float, ...]) -> None:
        self._staging.bring()
        self._around.end_probe()
        self.flush()
        own = ProbeParts(
            step=step,
            elapsed=elapsed,
            lr=lr,
            loss=self._last_loss,
            sites=self._totals,
            layers=self._layers,
            parameters=self._around.sums,
            targets=self._new_targets,
            target_scale=self._target_scale,
            sequences=self._sequences,
            ranges=self._new_ranges,
            agreements=self._agreements,
        )
        self.begin_probe(step + 1)
        whole = [own] if self.ranks is None else self.ranks.probe(own, self.unseen)
        for parts in whole:
            self._write(parts)

    def _write(self, parts: ProbeParts) -> None:
        # In call order; the gradients came in the opposite one.
        totals = {name: parts.sites[name] for name in self._axes if name in parts.sites}
        for seen in parts.ranges.values():
            add_range(self._ranges, seen)
        rows = {
            "sites": self._site_rows(totals),
            "layers": {name: summary.row() for name, summary in parts.layers.items()},
            "parameters": {name: sums.numbers for name, sums in parts.parameters.items()},
            "sequences": {name: summary.row() for name, summary in parts.sequences.items()},
            "agreements": {name: summary.row() for name, summary in parts.agreements.items()},
            "ranges": {key: seen.row() for key, seen in self._ranges.items()},
        }
        read = _numbers(rows)
        stats = {name: _site_stats(row) for name, row in read["sites"].items()}
        layers = {name: layer_stats(row) for name, row in read["layers"].items()}
        updates = {name: parameter_stats(row) for name, row in read["parameters"].items()}
        for name, row in read["sequences"].items():
            layers[name] = replace(layers.get(name, LayerStats()), **sequence_stats(row))
        for name, row in read["agreements"].items():
            layers[name] = replace(layers.get(name, LayerStats()), **agreement(row))
        self._writer.add_criteria(
            with_targets(self._ranges[key].criterion, row) for key, row in read["ranges"].items()
        )
        if parts.targets is not None:
            known = self._targets
            self._targets = parts.targets if known is None else known + parts.targets
        self._writer.add_probe(
            Probe(
                step=parts.step,
                time=parts.elapsed,
                loss=parts.loss,
                baseline=self._baseline(parts.target_scale),
                lr=parts.lr,
                sites=stats,
                layers=layers,
                parameters=updates,
            )
        )

    @torch.no_grad()
    def finish(self) -> None:
        """The run is over: write what still waits."""
        self.flush(last=True)
        for parts in () if self.ranks is None else self.ranks.rest(self.unseen):
            self._write(parts)

    def _site_rows(self, totals: Mapping[str, SiteTotal]) -> dict[str, Tensor]:
        """All that `_site_stats` takes, one behind the other."""
        rows = units.site_rows(
            [
                (self._memories[name], one.summary, one.shift, one.up.numbers, one.down.numbers)
                for name, one in totals.items()
            ]
        )
        return dict(zip(totals, rows.unbind(), strict=True))

    def _baseline(self, scale: float) -> float:
        return math.nan if self._targets is None else self._targets.baseline() * scale

    # -- between probes ----------------------------------------------------------------------

    def norm(self, gradients: Sequence[Tensor]) -> float:
        return norm(gradients)

    def loss(self, step: int, value: Tensor) -> None:
        self._losses.append((step, value))
        if len(self._losses) >= LOSSES:
            self.flush()

    def flush(self, last: bool = False) -> None:
        """Write the losses that wait."""
        steps = [step for step, _ in self._losses]
        values: list[float] = []
        if self._losses:
            values = torch.stack([value.double().reshape(()) for _, value in self._losses]).tolist()
            self._losses = []
            self._last_loss = values[-1]
        if self.ranks is not None:
            steps, values = self.ranks.losses(steps, values, last)
        if steps:
            self._writer.add_losses(steps, values)

    def structure(
        self,
        sites: Sequence[Site],
        layers: Sequence[Layer],
        parameters: Sequence[Parameter],
        optimizers: Sequence[Optimizer],
    ) -> None:
        self._writer.add_sites(
            replace(site, unit_axis=axis, units=count)
            for site in sites
            for axis, count in [self._axes.get(site.name, (-1, 0))]
        )
        self._writer.add_layers(layers)
        self._writer.add_parameters(parameters)
        self._writer.add_optimizers(optimizers)

    def origin(self, origin: NonFiniteOrigin) -> None:
        self._writer.set_origin(origin)

    def spike(self, spike: Spike) -> None:
        self._writer.add_spike(spike)

    def unseen(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._writer.note_unseen(sentence)

    def fault(self, traceback: str) -> None:
        self._writer.note_fault(traceback)


def _add(table: dict[str, Summary], name: str, summary: Summary) -> None:
    """Take a summary in among those of a probe, in place."""
    known = table.get(name)
    table[name] = summary if known is None else known + summary


_GRADIENT = ("rms", "nonfinite")
_UP = tuple(f"up_{name}" for name in _GRADIENT)
_DOWN = tuple(f"down_{name}" for name in _GRADIENT)
_OF_UNITS = ROW + len(units.FIELDS)
_OF_UP = _OF_UNITS + gradients.FIELDS
_OF_DOWN = _OF_UP + gradients.FIELDS


def _site_stats(row: list[float]) -> SiteStats:
    return SiteStats(
        **site_stats(row[:ROW]),
        **dict(zip(units.FIELDS, row[ROW:_OF_UNITS], strict=True)),
        **dict(zip(_UP, gradient_stats(row[_OF_UNITS:_OF_UP]), strict=True)),
        **dict(zip(_DOWN, gradient_stats(row[_OF_UP:_OF_DOWN]), strict=True)),
        histogram=tuple(row[_OF_DOWN:]),
    )


def _numbers(rows: Mapping[str, Mapping[str, Tensor]]) -> dict[str, dict[str, list[float]]]:
    """Tables of rows on a device as tables of numbers, by one transfer."""
    all_rows = [row for table in rows.values() for row in table.values()]
    flat = torch.cat(all_rows).tolist() if all_rows else []
    ends = list(accumulate(map(len, all_rows)))
    cut = iter([flat[begin:end] for begin, end in zip([0, *ends], ends)])
    return {kind: {name: next(cut) for name in table} for kind, table in rows.items()}

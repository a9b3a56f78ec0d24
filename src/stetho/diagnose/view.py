"""A run → the questions that rules ask of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean, median, stdev

from stetho.diagnose.learning import Learning, judge
from stetho.record import Layer, Parameter, ParameterStats, Probe, Run, Severity, Site, SiteStats

RECENT = 3  # probes whose median stands for "now"
FEWEST_BATCHES = 10  # that say whether samples agree
PATIENCE = 100  # steps before which nothing is said of a loss that is still, while training goes on


@dataclass(frozen=True, slots=True)
class Span:
    """The gradient's way back from the last of some sites to the first."""

    sites: tuple[Site, ...]
    slopes: tuple[float, ...]  # slope factor of each site
    weights: tuple[float, ...]  # weight factor between each site and the next

    @property
    def total(self) -> float:
        """rms(∂L/∂z of the first) / rms(∂L/∂a of the last)."""
        return math.prod(self.slopes) * math.prod(self.weights)

    @property
    def per_site(self) -> float:
        return self.total ** (1 / len(self.sites)) if self.total > 0 else 0.0

    def shares(self, shrinking: bool) -> dict[str, float]:
        """Parts of slope and weights in the logarithm of the change; they add to 1.

        A part that pulls the other way has none of the blame.
        """
        if not all(value > 0 for value in (*self.slopes, *self.weights)):
            blocked = any(value == 0 for value in self.slopes)
            return {"slope": 1.0, "weights": 0.0} if blocked else {"slope": 0.0, "weights": 1.0}
        sign = -1 if shrinking else 1
        slope = max(0.0, sign * sum(map(math.log, self.slopes)))
        weight = max(0.0, sign * sum(map(math.log, self.weights)))
        if slope + weight == 0:
            return {"slope": 0.5, "weights": 0.5}
        return {"slope": slope / (slope + weight), "weights": weight / (slope + weight)}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the samples of a batch agree on a direction, over all probes; 1: as by chance."""

    mean: float
    standard_error: float


class RunView:
    """Answers from one run. "Now" is the median over the last three probes."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.probes: Sequence[Probe] = run.probes

    @cached_property
    def learning(self) -> Learning:
        """While training goes on, a loss that has not moved yet is given time to."""
        seen = judge(self.run)
        early = not self.run.finished and seen.steps < PATIENCE
        wavers = seen.hardly or seen.lost
        return replace(seen, status="too-short") if early and wavers else seen

    @property
    def is_check(self) -> bool:
        return self.run.kind == "check"

    # -- sites ------------------------------------------------------------------------------

    @cached_property
    def hidden(self) -> tuple[Site, ...]:
        """Hidden sites that the last probes saw, in call order."""
        seen = {name for probe in self.probes[-RECENT:] for name in probe.sites}
        sites = (site for site in self.run.sites if not site.output and site.name in seen)
        return tuple(sorted(sites, key=lambda site: site.index))

    def now(self, site: Site, field: str) -> float:
        """Median of a statistic over the last probes; NaN if it never had a value."""
        return self._median(getattr(p.sites[site.name], field) for p in self._having(site.name))

    def slope(self, site: Site) -> float:
        """rms(∂L/∂z) / rms(∂L/∂a) now; NaN where no gradient arrives."""
        up = self.now(site, "up_rms")
        return self.now(site, "down_rms") / up if up > 0 else math.nan

    def _having(self, name: str) -> list[Probe]:
        return [probe for probe in self.probes if name in probe.sites][-RECENT:]

    @staticmethod
    def _median(values: Iterable[float]) -> float:
        known = [value for value in values if not math.isnan(value)]
        return median(known) if known else math.nan

    def first(self, site: Site) -> SiteStats | None:
        """The site's statistics in the first probe that saw it."""
        return next((p.sites[site.name] for p in self.probes if site.name in p.sites), None)

    def since(self, stands: Callable[[Probe], bool]) -> int | None:
        """First step of the last unbroken row of probes in which `stands`; None if not now."""
        onset = None
        for probe in reversed(self.probes):
            if not stands(probe):
                break
            onset = probe.step
        return onset

    def layer(self, name: str | None) -> Layer | None:
        return next((layer for layer in self.run.layers if layer.name == name), None)

    def layer_now(self, name: str | None, field: str) -> float:
        having = [probe for probe in self.probes if name in probe.layers][-RECENT:]
        return self._median(getattr(probe.layers[str(name)], field) for probe in having)

    def first_x_rms(self, name: str) -> float:
        """Root mean square of what entered a layer in the first probe that has it."""
        return next((p.layers[name].x_rms for p in self.probes if name in p.layers), math.nan)

    @cached_property
    def agreement(self) -> Agreement | None:
        """Of the layer before the loss where samples agree most; None if too few probes tell it."""
        found = []
        for layer in self.run.layers:
            values = [p.layers[layer.name].agreement for p in self.probes if layer.name in p.layers]
            known = [value for value in values if math.isfinite(value)]
            if len(known) >= FEWEST_BATCHES:
                found.append(Agreement(fmean(known), stdev(known) / math.sqrt(len(known))))
        return max(found, key=lambda one: one.mean, default=None)

    # -- the gradient's way ------------------------------------------------------------------

    @cached_property
    def models(self) -> tuple[tuple[Site, ...], ...]:
        """Hidden sites by model."""
        names = dict.fromkeys(site.model for site in self.hidden)
        return tuple(tuple(s for s in self.hidden if s.model == name) for name in names)

    def span(self, sites: Sequence[Site], probe: Probe | None = None) -> Span | None:
        """Factors along sites in call order, now or in one probe; None if one is not known."""

        def value(site: Site, field: str) -> float:
            if probe is None:
                return self.now(site, field)
            stats = probe.sites.get(site.name)
            return math.nan if stats is None else float(getattr(stats, field))

        ups = [value(site, "up_rms") for site in sites]
        downs = [value(site, "down_rms") for site in sites]
        if len(sites) < 2 or not all(math.isfinite(x) for x in (*ups, *downs)) or not ups[-1]:
            return None
        slopes = [_ratio(down, up) for down, up in zip(downs, ups, strict=True)]
        weights = [_ratio(up, down) for up, down in zip(ups[:-1], downs[1:], strict=True)]
        return Span(tuple(sites), tuple(slopes), tuple(weights))

    def last_span(self, sites: Sequence[Site]) -> Span | None:
        """Factors now; in a run that has diverged, in the last probe that still has numbers."""
        now = self.span(sites)
        if now is not None or self.learning.status != "diverged":
            return now
        spans = (self.span(sites, probe) for probe in reversed(self.probes))
        return next((span for span in spans if span is not None), None)

    # -- parameters --------------------------------------------------------------------------

    def parameter(self, name: str | None) -> Parameter | None:
        return next((p for p in self.run.parameters if p.name == name), None)

    def history(self, name: str | None, until: float = math.inf) -> list[ParameterStats]:
        """A parameter's statistics in every probe that has it (up to a step)."""
        probes = (probe for probe in self.probes if probe.step <= until)
        having = (probe.parameters.get(name or "") for probe in probes)
        return [stats for stats in having if stats is not None]

    def parameter_now(self, name: str | None, field: str) -> float:
        return self._median(getattr(stats, field) for stats in self.history(name)[-RECENT:])

    @cached_property
    def weights(self) -> tuple[Parameter, ...]:
        """Weights that an optimizer has."""
        return tuple(p for p in self.run.parameters if p.role == "weight" and p.trainable)

    @property
    def travel(self) -> float:
        """By which part of its size all steps together can have moved a weight."""
        return self.typical_update() * self.learning.steps

    def typical_update(self) -> float:
        """Median over the weights of their relative updates now; NaN if none is known."""
        return self._median(self.relative_update(weight.name) for weight in self.weights)

    def relative_update(self, name: str | None) -> float:
        """rms(update) / rms(parameter) now."""
        return self._median(relative(stats) for stats in self.history(name)[-RECENT:])

    def first_rms(self, name: str | None) -> float:
        """A parameter's root mean square in the first probe that has it."""
        return self.first_of(name, "rms")

    def first_of(self, name: str | None, field: str) -> float:
        return next((getattr(stats, field) for stats in self.history(name)), math.nan)

    def largest_update(self, name: str | None, until: float = math.inf) -> float:
        """The largest rms(update) / rms(parameter) of any probe (up to a step)."""
        values = [relative(stats) for stats in self.history(name, until)]
        return max((value for value in values if not math.isnan(value)), default=math.nan)

    # -- severity ----------------------------------------------------------------------------

    def severity(self, severe: bool) -> Severity:
        """How much a symptom matters: by what has become of the training."""
        status = self.learning.status
        if self.is_check or status in ("too-short", "unknown"):
            return Severity.WARNING if severe else Severity.NOTE
        if status in ("stuck", "diverged"):
            return Severity.FAULT if severe else Severity.WARNING
        held_up = status == "slow" or (severe and self.learning.little)
        return Severity.WARNING if held_up else Severity.NOTE


def relative(stats: ParameterStats) -> float:
    return stats.update_rms / stats.rms if stats.rms > 0 else math.nan


def _ratio(above: float, below: float) -> float:
    return above / below if below else (0.0 if above == 0 else math.inf)

"""What is followed site by site and probe by probe → its name, its scale, how to read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from stetho.record import NAN, Layer, Probe, Run, Site


class Scale(Enum):
    """How a quantity is drawn, and which of two values is the worse one."""

    SHARE = "share"  # 0 … 1, 1 is the worst
    LOW_IS_WORSE = "low"  # positive, on a log scale
    HIGH_IS_WORSE = "high"  # positive, on a log scale
    AROUND = "around"  # positive, on a log scale; far from `Measure.middle` either way is worse
    PLAIN = "plain"  # any number; not judged


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of a site in a probe; `nan` where it does not exist."""

    key: str
    title: str
    explanation: str
    scale: Scale
    read: Callable[[Structure, Site, Probe], float]
    middle: float = NAN
    heatmap: bool = True


class Structure:
    """Which layer feeds a site, and where a model's gradient comes in: looked up once."""

    def __init__(self, run: Run) -> None:
        self.layers: Mapping[str, Layer] = {layer.name: layer for layer in run.layers}
        hidden = sorted((s for s in run.sites if not s.output), key=lambda site: site.index)
        self._last = {site.model: site.name for site in hidden}

    def source(self, site: Site, probe: Probe) -> float:
        """rms(∂L/∂a) at the last hidden site of the same model."""
        last = probe.sites.get(self._last.get(site.model, ""))
        return last.up_rms if last is not None else NAN

    def weight(self, site: Site) -> str | None:
        """Name of the weight before a site."""
        layer = self.layers.get(site.layer or "")
        return layer.weight if layer is not None else None


def _gradient(_: Structure, site: Site, probe: Probe) -> float:
    return probe.sites[site.name].down_rms


def _arrives(structure: Structure, site: Site, probe: Probe) -> float:
    source = structure.source(site, probe)
    return probe.sites[site.name].down_rms / source if source > 0 else NAN


def _slope_factor(_: Structure, site: Site, probe: Probe) -> float:
    return probe.sites[site.name].slope_factor


def _saturated(_: Structure, site: Site, probe: Probe) -> float:
    stats = probe.sites[site.name]
    low, high = stats.saturated_low, stats.saturated_high
    if low != low:
        return high
    return low if high != high else low + high


def _dead(_: Structure, site: Site, probe: Probe) -> float:
    stats = probe.sites[site.name]
    shares = (stats.dead, stats.never_active, stats.silent)
    return next((share for share in shares if share == share), NAN)


def _off_centre(_: Structure, site: Site, probe: Probe) -> float:
    """As the rule `off-centre` has it: of what enters the next layer."""
    stats = next((probe.layers[name] for name in site.feeds if name in probe.layers), None)
    return abs(stats.x_mean) / stats.x_rms if stats is not None and stats.x_rms > 0 else NAN


def _drift(_: Structure, site: Site, probe: Probe) -> float:
    return probe.sites[site.name].unit_move


def _update_ratio(structure: Structure, site: Site, probe: Probe) -> float:
    stats = probe.parameters.get(structure.weight(site) or "")
    return stats.update_rms / stats.rms if stats is not None and stats.rms > 0 else NAN


MEASURES = (
    Measure(
        "arrives",
        "gradient",
        "How much of the gradient arrives: rms(∂L/∂z) here / rms(∂L/∂a) at the last hidden site. "
        "Blue: it vanishes on its way back; red: it explodes.",
        Scale.AROUND,
        _arrives,
        middle=1.0,
    ),
    Measure(
        "slope_factor",
        "slope factor",
        "What the function multiplies the gradient with on its way back: rms(∂L/∂z) / rms(∂L/∂a).",
        Scale.LOW_IS_WORSE,
        _slope_factor,
    ),
    Measure(
        "saturated",
        "saturated",
        "Share of z where the slope is almost 0 (of ReLU, its silent side).",
        Scale.SHARE,
        _saturated,
    ),
    Measure(
        "dead",
        "dead units",
        "Share of units that no sample activates, in this probe and the one before.",
        Scale.SHARE,
        _dead,
    ),
    Measure(
        "off_centre",
        "off centre",
        "|mean| / rms of what enters the next layer: 0 is centred, 1 is a constant.",
        Scale.SHARE,
        _off_centre,
    ),
    Measure(
        "drift",
        "drift",
        "How far the units' means of z moved since the probe before, in their deviations, beyond "
        "what sampling alone gives.",
        Scale.HIGH_IS_WORSE,
        _drift,
    ),
    Measure(
        "update_ratio",
        "update ratio",
        "rms of a step's change / rms of the weight before the site. About 1e-3 is usual; far "
        "below it a layer stands still.",
        Scale.AROUND,
        _update_ratio,
        middle=1e-3,
    ),
    Measure("gradient", "gradient rms", "", Scale.LOW_IS_WORSE, _gradient, heatmap=False),
    Measure(
        "z_mean",
        "mean of z",
        "",
        Scale.PLAIN,
        lambda _, s, p: p.sites[s.name].z_mean,
        heatmap=False,
    ),
    Measure(
        "z_std",
        "deviation of z",
        "",
        Scale.PLAIN,
        lambda _, s, p: p.sites[s.name].z_std,
        heatmap=False,
    ),
    Measure(
        "nonfinite",
        "NaN or Inf",
        "Share of elements that are NaN or Inf, forward or backward.",
        Scale.SHARE,
        lambda _, s, p: max(
            p.sites[s.name].z_nonfinite,
            p.sites[s.name].a_nonfinite,
            p.sites[s.name].up_nonfinite,
            p.sites[s.name].down_nonfinite,
        ),
    ),
)

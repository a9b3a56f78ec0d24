"""Builds small runs from a few numbers, for the rules' examples and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stetho.record import (
    Function,
    Layer,
    LayerStats,
    Optimizer,
    Parameter,
    ParameterStats,
    Probe,
    Run,
    Site,
    SiteStats,
)

SIGMOID = Function(
    name="sigmoid",
    lower=0.0,
    upper=1.0,
    saturates_below=-4.36,
    saturates_above=4.36,
    slope_supremum=0.25,
)
TANH = Function(
    name="tanh",
    lower=-1.0,
    upper=1.0,
    zero_centred=True,
    saturates_below=-2.18,
    saturates_above=2.18,
)
RELU = Function(name="relu", lower=0.0, saturates_below=0.0, flat_below=0.0)

SGD = Optimizer("SGD", lr=0.1)
STUCK = tuple(2.303 + 0.001 * (step % 3) for step in range(300))
LEARNS = tuple(2.3 * 0.99**step + 0.05 for step in range(300))
STEPS = (0, 1, 150, 151, 298, 299)


SITE_STATS = SiteStats(
    count=2048,
    z_mean=0.0,
    z_std=1.0,
    z_skew=0.0,
    z_kurtosis=0.0,
    z_min=-3.0,
    z_max=3.0,
    saturated_low=0.0,
    saturated_high=0.0,
    a_mean=0.4,
    a_std=0.6,
    a_zero=0.5,
    samples=32,
    silent=0.0,
    never_active=0.0,
    dead=0.0,
    saturated_units_low=0.0,
    saturated_units_high=0.0,
    unit_offset=0.1,
    unit_spread=1.0,
)
LAYER_STATS = LayerStats(count=2048, x_mean=0.4, x_rms=0.7)
DATA_STATS = LayerStats(  # of the layer that reads data
    count=2048,
    x_mean=0.0,
    x_rms=1.0,
    x_nonfinite=0.0,
    feature_offset=0.1,
    feature_std_low=0.5,
    feature_std_high=1.5,
    constant_features=0.0,
    zero_inputs=0.0,
)


def _layer(index: int) -> Layer:
    name = f"layers.{index}"
    return Layer(
        name=name,
        kind="linear",
        index=index,
        weight=f"{name}.weight",
        bias=f"{name}.bias",
        fan_in=64,
        reads_data=index == 0,
    )


def _site(index: int, function: Function) -> Site:
    name = f"layers.{index}"
    return Site(
        name=f"{name}/{function.name}",
        function=function,
        index=index,
        model="Net",
        shape=(32, 64),
        unit_axis=1,
        units=64,
        layer=name,
        norm=None,
        bias=f"{name}.bias",
        feeds=(f"layers.{index + 1}",),
    )


def _parameters(index: int) -> tuple[Parameter, Parameter]:
    name = f"layers.{index}"
    weight = Parameter(
        name=f"{name}.weight", shape=(64, 64), role="weight", optimizer=0, model="Net"
    )
    return weight, Parameter(
        name=f"{name}.bias", shape=(64,), role="bias", optimizer=0, model="Net"
    )


def chain(
    depth: int = 8,
    *,
    function: Function = RELU,
    slope: float = 0.7,
    weight: float = 1.4,
    losses: Sequence[float] = LEARNS,
    baseline: float = 2.303,
    site: Mapping[str, Any] | None = None,
    layer: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    parameter: Mapping[str, Any] | None = None,
    optimizer: Optimizer = SGD,
    kind: str = "run",
    steps: Sequence[int] = STEPS,
) -> Run:
    """A plain stack of `depth` layers, each with one site; every probe looks the same.

    `slope` and `weight` are the factors of each site and of what lies between two. The mappings
    change fields of all sites, of all layers, of the layer that reads data, and of all weights.
    """
    layers = [_layer(i) for i in range(depth + 1)]
    sites = [_site(i, function) for i in range(depth)]
    parameters = [one for i in range(depth + 1) for one in _parameters(i)]
    gradient, site_stats = 1e-3, {}
    for one in reversed(sites):
        down = gradient * slope
        stats = replace(SITE_STATS, up_rms=gradient, down_rms=down)
        site_stats[one.name] = replace(stats, **(site or {}))
        gradient = down * weight
    layer_stats = {one.name: replace(LAYER_STATS, **(layer or {})) for one in layers}
    layer_stats[layers[0].name] = replace(DATA_STATS, **(data or {}))
    weights = replace(ParameterStats(rms=0.1, grad_rms=1e-3, update_rms=1e-4), **(parameter or {}))
    parameter_stats = {one.name: weights for one in parameters}
    probes = tuple(
        Probe(
            step=step,
            time=float(step),
            loss=losses[min(step, len(losses) - 1)] if losses else float("nan"),
            baseline=baseline,
            lr=(0.1,),
            sites=site_stats,
            layers=layer_stats,
            parameters=parameter_stats,
        )
        for step in steps
    )
    return Run(
        kind=kind,
        finished=True,
        sites=tuple(sites),
        layers=tuple(layers),
        parameters=tuple(parameters),
        optimizers=(optimizer,),
        probes=probes,
        loss_steps=tuple(range(len(losses))),
        losses=tuple(losses),
    )


def with_sites(run: Run, names: Sequence[int], **changes: Any) -> Run:
    """The same run with fields of some sites (by index) changed in every probe."""
    chosen = {run.sites[i].name for i in names}
    probes = tuple(
        replace(
            probe,
            sites={
                name: replace(stats, **changes) if name in chosen else stats
                for name, stats in probe.sites.items()
            },
        )
        for probe in run.probes
    )
    return replace(run, probes=probes)

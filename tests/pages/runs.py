"""Runs made by hand, with histograms and all, for pages to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

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
    histogram_edges,
)

SIGMOID = Function(
    name="sigmoid",
    lower=0.0,
    upper=1.0,
    saturates_below=-4.36,
    saturates_above=4.36,
    slope_supremum=0.25,
)
EDGES = histogram_edges()


def normal_histogram(mean: float, std: float, count: float = 4096.0) -> tuple[float, ...]:
    below = [0.5 * math.erfc((mean - edge) / std / math.sqrt(2)) for edge in EDGES]
    ends = [0.0, *below, 1.0]
    return tuple(count * (b - a) for a, b in zip(ends, ends[1:], strict=False))


def sick_run(
    names: Sequence[str] = (),
    sites: int = 12,
    probes: int = 20,
    slope: float = 0.25,
    weight: float = 0.6,
) -> Run:
    """A chain in which each site keeps `slope` of the gradient and each weight `weight`."""
    names = names or [f"layers.{place}/sigmoid" for place in range(sites)]
    steps = [0, *(25 * turn for turn in range(1, probes))]
    chain = [_at(names, turn, slope, weight) for turn in range(probes)]
    layers = [f"layers.{place}" for place in range(len(names))]
    return Run(
        command="python deep.py --lr 0.1",
        created="2026-01-01T00:00:00+00:00",
        versions={"stetho": "0.1.0", "python": "3.11.7", "torch": "2.13.0"},
        finished=True,
        exit_code=0,
        sites=tuple(
            Site(
                name=name,
                function=SIGMOID,
                index=place,
                model="Net",
                shape=(64, 128),
                unit_axis=1,
                units=128,
                layer=layers[place],
                feeds=("head",),
            )
            for place, name in enumerate(names)
        ),
        layers=tuple(
            Layer(
                name=name,
                kind="linear",
                index=place,
                weight=f"{name}.weight",
                bias=f"{name}.bias",
                fan_in=128,
                reads_data=place == 0,
            )
            for place, name in enumerate(layers)
        ),
        parameters=tuple(
            Parameter(name=f"{name}.weight", shape=(128, 128), role="weight", optimizer=0)
            for name in layers
        ),
        optimizers=(Optimizer("SGD", lr=0.1),),
        probes=tuple(
            Probe(
                step=step,
                time=step / 100,
                loss=2.3,
                baseline=2.302585,
                lr=(0.1,),
                sites=stats,
                layers={"head": LayerStats(count=8192.0, x_mean=0.5, x_rms=0.51)},
                parameters={
                    f"{name}.weight": ParameterStats(
                        rms=0.1, grad_rms=1e-6, update_rms=1e-5 * 0.3 ** (len(layers) - place)
                    )
                    for place, name in enumerate(layers)
                },
            )
            for step, stats in zip(steps, chain, strict=True)
        ),
        loss_steps=tuple(range(steps[-1] + 1)),
        losses=tuple(2.31 + 0.01 * math.sin(step) for step in range(steps[-1] + 1)),
    )


def _at(names: Sequence[str], turn: int, slope: float, weight: float) -> dict[str, SiteStats]:
    upstream, made = 0.01, {}
    for place, name in reversed(list(enumerate(names))):
        mean, std = 0.05 * place, 0.3 + 0.02 * turn
        made[name] = SiteStats(
            count=4096.0,
            z_mean=mean,
            z_std=std,
            saturated_low=0.01 * place,
            saturated_high=0.0,
            a_mean=0.5,
            a_std=0.06,
            dead=0.0,
            unit_shift=0.1,
            unit_shift_noise=0.05,
            up_rms=upstream,
            down_rms=upstream * slope,
            histogram=normal_histogram(mean, std),
        )
        upstream *= slope * weight
    return dict(reversed(made.items()))


def with_spike(run: Run, place: int, turn: int) -> Run:
    """The same, but at one probe one site is saturated altogether."""
    site = run.sites[place]
    probe = run.probes[turn]
    stats = replace(
        probe.sites[site.name],
        saturated_high=0.999,
        z_std=40.0,
        histogram=normal_histogram(30.0, 40.0),
    )
    probes = list(run.probes)
    probes[turn] = replace(probe, sites={**probe.sites, site.name: stats})
    return replace(run, probes=tuple(probes))

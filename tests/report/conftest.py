"""Runs and diagnoses made by hand, one for each golden file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stetho.observe.unseen import Unseen
from stetho.record import (
    Diagnosis,
    Evidence,
    Finding,
    Function,
    Overhead,
    Probe,
    Remedy,
    Run,
    Severity,
    Site,
    SiteStats,
)

Case = tuple[Run, Diagnosis]
SIGMOID = Function(
    name="sigmoid", lower=0.0, upper=1.0, saturates_below=-4.36, saturates_above=4.36
)
RELU = Function(name="relu", lower=0.0, flat_below=0.0)
VERSIONS = {"stetho": "0.1.0", "python": "3.11.7", "torch": "2.13.0"}


def chain(
    names: list[str],
    function: Function,
    slope: float,
    weight: float,
    step: int,
    **more: Any,
) -> dict[str, SiteStats]:
    """Statistics of sites in a chain: each slope and each weight factor is the same."""
    stats = {}
    upstream = 0.01
    for place, name in reversed(list(enumerate(names))):
        downstream = upstream * slope
        stats[name] = replace(
            SiteStats(
                count=8192.0,
                z_mean=0.01 * place - 0.02,
                z_std=0.8 + 0.0013 * step,
                saturated_low=0.0 if function is SIGMOID else math.nan,
                saturated_high=0.004 * place if function is SIGMOID else math.nan,
                dead=0.0,
                up_rms=upstream,
                down_rms=downstream,
            ),
            **more,
        )
        upstream = downstream * weight
    return dict(reversed(stats.items()))


def sites_of(names: list[str], function: Function, shape: tuple[int, ...]) -> tuple[Site, ...]:
    return tuple(
        Site(
            name=name,
            function=function,
            index=place,
            model="Sequential",
            shape=shape,
            units=shape[1],
        )
        for place, name in enumerate(names)
    )


def vanishing() -> Case:
    names = [f"layers.{2 * place + 1}/sigmoid" for place in range(12)]
    probes = tuple(
        Probe(
            step=step,
            time=step * 0.01,
            loss=2.31,
            baseline=2.302585,
            lr=(0.1,),
            sites=chain(names, SIGMOID, 0.247, 0.43, step),
        )
        for step in (0, 1, 398, 399)
    )
    fault = Finding(
        rule="vanishing-gradient",
        severity=Severity.FAULT,
        message="the gradient shrinks to 1.9e-11 from layers.23/sigmoid down to "
        "layers.1/sigmoid, over 12 "
        "sites",
        sites=tuple(names),
        first_step=0,
        evidence={
            "gradient ratio": Evidence(1.9e-11, 1e-3),
            "per site": Evidence(0.106, 0.5, "×"),
            "update of the first weight": Evidence(1.2e-7, 1e-5, "%"),
        },
        cause={"weights": 0.28, "slope": 0.72},
        remedies=(
            Remedy(
                "use ReLU in place of sigmoid, initialised with its gain",
                "each site keeps the gradient's rms, where it now keeps 11 % of it",
            ),
            Remedy("put a BatchNorm before each sigmoid", "the gradient keeps 89 % a site"),
        ),
    )
    note = Finding(
        rule="off-centre",
        severity=Severity.NOTE,
        message="layers.3/sigmoid: mean 0.5 against rms 0.51 of what enters the next layer",
        sites=("layers.3/sigmoid",),
        first_step=None,
        evidence={"offset": Evidence(0.98, 0.5), "samples": Evidence(3200)},
        cause={"function": 1.0},
    )
    run = Run(
        command="python examples/deep_sigmoid.py --lr 0.1",
        created="2026-01-01T00:00:00+00:00",
        versions=VERSIONS,
        finished=True,
        exit_code=0,
        sites=sites_of(names, SIGMOID, (64, 128)),
        probes=probes,
        loss_steps=tuple(range(400)),
        losses=tuple(2.31 - 2e-5 * step for step in range(400)),
        unseen=(Unseen.SCRIPTED.value.format(where="head"),),
        overhead=Overhead(0.13, 10.0, 24, 400),
    )
    verdict = (
        "The network does not learn: the gradient is gone before it reaches the first layers. "
        "Most of it is lost in the slope of sigmoid."
    )
    return run, Diagnosis(verdict, (note, fault), "stuck")


def healthy() -> Case:
    names = [f"blocks.{place}.act/relu" for place in range(50)]
    probes = tuple(
        Probe(
            step=step,
            time=step * 0.1,
            loss=0.1,
            baseline=math.nan,
            lr=(1e-3,),
            sites=chain(names, RELU, 0.71, 1.4, step),
        )
        for step in (0, 1)
    )
    run = Run(
        command="python train.py",
        versions=VERSIONS,
        finished=True,
        exit_code=0,
        sites=sites_of(names, RELU, (32, 64, 28, 28)),
        probes=probes,
        loss_steps=tuple(range(12_000)),
        losses=tuple(2.4 * math.exp(-step / 2000) for step in range(12_000)),
        overhead=Overhead(12.0, 1000.0, 120, 12_000),
    )
    return run, Diagnosis("The network learns; nothing stands in its way.", (), "learns")


def weird() -> Case:
    names = [
        "[red]x[/red]/relu",
        "line\nbreak\x1b[31m/relu",
        "right\u202eto left/relu",
        "名前" * 20 + "/relu",
        "deep." * 60 + "act/relu",
        "\udc80/relu",
    ]
    stats = chain(names, RELU, 0.7, 1.3, 0)
    stats[names[0]] = SiteStats(z_nonfinite=0.5, up_rms=math.inf, down_rms=math.inf)
    stats[names[1]] = SiteStats(z_mean=-1e300, z_std=1e300, up_rms=0.0, down_rms=0.0, dead=1.0)
    findings = (
        Finding(
            rule="non-finite",
            severity=Severity.FAULT,
            message=f"{names[0]} and {names[1]} have NaN in z",
            sites=tuple(names),
            first_step=17_000,
            evidence={"\x1b]0;title\x07": Evidence(math.nan, math.inf)},
            cause={"unknown": 1.0},
            remedies=(Remedy("[bold]lower[/bold] the rate\r", ""),),
        ),
        Finding(rule="made-up", severity=Severity.WARNING, message="nothing more is known"),
    )
    run = Run(
        command="python [link=x]t.py[/link]\x1b[2J",
        exit_code=None,
        sites=sites_of(names, RELU, (1, 3)),
        probes=(Probe(step=17_000, time=0.0, sites=stats),),
        loss_steps=(0, 1, 2),
        losses=(1.0, math.nan, math.inf),
        first_nonfinite_loss=1,
        faults=("Traceback (most recent call last):\n  File [x]\nValueError: \x1b[31mred",),
    )
    return run, Diagnosis("NaN [b]everywhere[/b].", findings, "diverged")


def no_sites() -> Case:
    run = Run(command="python linear.py", finished=True, exit_code=1)
    return run, Diagnosis("No step was seen, so there is nothing to say.")


def check() -> Case:
    names = ["encoder.0.mlp/gelu", "encoder.1.mlp/gelu"]
    stats = chain(names, Function(name="gelu"), 0.68, 1.1, 0, dead=math.nan, never_active=0.031)
    run = Run(
        command="stetho check model.py:build",
        kind="check",
        versions=VERSIONS,
        finished=True,
        sites=sites_of(names, Function(name="gelu"), (8, 16, 64)),
        probes=(Probe(step=0, time=0.0, loss=4.17, baseline=4.158883, lr=(), sites=stats),),
        overhead=Overhead(0.1, 0.1, 1, 1),
    )
    warning = Finding(
        rule="unscaled-input",
        severity=Severity.WARNING,
        message="the data that encoder.0 reads has mean 128 and deviation 64",
        sites=("encoder.0",),
        first_step=None,
        evidence={"offset": Evidence(2.0, 1.0), "deviation": Evidence(64.0, 10.0)},
        cause={"input": 1.0},
        remedies=(Remedy("divide the input by 255", "unit scale"),),
    )
    return run, Diagnosis("The model is sound; its input is not.", (warning,))


CASES: dict[str, Callable[[], Case]] = {
    "vanishing": vanishing,
    "healthy": healthy,
    "weird": weird,
    "no_sites": no_sites,
    "check": check,
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, Run, Diagnosis]:
    return request.param, *CASES[request.param]()


@pytest.fixture
def cases() -> dict[str, Callable[[], Case]]:
    return CASES

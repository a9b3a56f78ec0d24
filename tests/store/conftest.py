"""Hypothesis → whole runs with any number and any name in them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import strategies as st

from stetho.record import (
    Criterion,
    Diagnosis,
    Evidence,
    Finding,
    Function,
    Layer,
    LayerStats,
    Optimizer,
    Overhead,
    Parameter,
    ParameterStats,
    Probe,
    Remedy,
    Run,
    Severity,
    Site,
    SiteStats,
)

names = st.text(max_size=20)  # lone surrogates, control characters and all
numbers = st.floats()  # subnormal, huge, infinite and nan among them
counts = st.integers(0, 2**40)
texts = st.lists(names, unique=True, max_size=3).map(tuple)


def stats_of(kind: type[Any], **more: Any) -> st.SearchStrategy[Any]:
    number = {item.name: numbers for item in fields(kind) if item.name != "histogram"}
    return st.builds(kind, **number, **more)


histograms = st.lists(numbers, max_size=5).map(tuple)
probes = st.builds(
    Probe,
    step=counts,
    time=numbers,
    loss=numbers,
    baseline=numbers,
    lr=st.lists(numbers, max_size=2).map(tuple),
    sites=st.dictionaries(names, stats_of(SiteStats, histogram=histograms), max_size=2),
    layers=st.dictionaries(names, stats_of(LayerStats), max_size=2),
    parameters=st.dictionaries(names, stats_of(ParameterStats), max_size=2),
)
functions = st.builds(
    Function,
    name=names,
    known=st.booleans(),
    parameters=st.lists(st.tuples(names, numbers), max_size=2).map(tuple),
    lower=numbers,
    upper=numbers,
    saturates_below=st.none() | numbers,
)
criteria = st.builds(
    Criterion,
    function=names,
    behind=names,
    lower=numbers,
    upper=numbers,
    classes=counts,
    broadcast=st.booleans(),
    target_low=numbers,
    target_high=numbers,
)
shapes = st.lists(counts, max_size=4).map(tuple)


def in_order(items: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: item.index))


_by_step = st.lists(probes, max_size=3, unique_by=lambda probe: probe.step)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    losses = draw(st.lists(numbers, max_size=5))
    steps = sorted(draw(st.lists(counts, min_size=len(losses), max_size=len(losses), unique=True)))
    strange = [step for step, loss in zip(steps, losses, strict=True) if not abs(loss) < 1e400]
    site = st.builds(
        Site,
        name=names,
        function=functions,
        index=counts,
        model=names,
        shape=shapes,
        layer=st.none() | names,
        feeds=texts,
    )
    layer = st.builds(
        Layer, name=names, kind=names, index=counts, weight=st.none() | names, fan_in=counts
    )
    parameter = st.builds(Parameter, name=names, shape=shapes, optimizer=st.integers(-1, 3))
    return Run(
        command=draw(names),
        kind=draw(st.sampled_from(["run", "check"])),
        created=draw(names),
        versions=draw(st.dictionaries(names, names, max_size=2)),
        device=draw(names),
        finished=True,
        exit_code=draw(st.none() | st.integers(-128, 255)),
        sites=in_order(draw(_unique(site))),
        layers=in_order(draw(_unique(layer))),
        parameters=tuple(draw(_unique(parameter))),
        optimizers=tuple(draw(st.lists(st.builds(Optimizer, names, numbers, numbers), max_size=2))),
        criteria=tuple(draw(st.lists(criteria, max_size=2))),
        probes=tuple(sorted(draw(_by_step), key=lambda probe: probe.step)),
        loss_steps=tuple(steps),
        losses=tuple(losses),
        first_nonfinite_loss=strange[0] if strange else None,
        unseen=draw(texts),
        faults=draw(texts),
        overhead=draw(st.builds(Overhead, numbers, numbers, counts, counts)),
    )


def _unique(item: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(item, max_size=2, unique_by=lambda record: record.name)


findings = st.builds(
    Finding,
    rule=names,
    severity=st.sampled_from(Severity),
    message=names,
    sites=texts,
    first_step=st.none() | counts,
    evidence=st.dictionaries(names, st.builds(Evidence, numbers, numbers, names), max_size=2),
    cause=st.dictionaries(names, numbers, max_size=2),
    remedies=st.lists(st.builds(Remedy, names, names), max_size=2).map(tuple),
)
diagnoses = st.builds(Diagnosis, names, st.lists(findings, max_size=2).map(tuple), learning=names)


@pytest.fixture(scope="session")
def any_run() -> st.SearchStrategy[Run]:
    return runs()


@pytest.fixture(scope="session")
def any_diagnosis() -> st.SearchStrategy[Diagnosis]:
    return diagnoses

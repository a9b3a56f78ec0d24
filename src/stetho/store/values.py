"""Records that are not numbers (sites, layers, findings …) ↔ JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from stetho.record import (
    CandidateResult,
    Choice,
    Criterion,
    Diagnosis,
    Evidence,
    Finding,
    Function,
    Layer,
    NonFiniteOrigin,
    Optimizer,
    Overhead,
    Parameter,
    Remedy,
    Severity,
    Site,
    Spike,
)

Record = TypeVar(
    "Record",
    Function,
    Site,
    Layer,
    Parameter,
    Optimizer,
    Criterion,
    NonFiniteOrigin,
    Spike,
    Overhead,
    Evidence,
    Remedy,
    CandidateResult,
    Choice,
)


def encode(value: Any) -> str:
    """A record or a plain value → JSON. ASCII only, so that any name fits into the file."""
    return json.dumps(value, default=asdict, separators=(",", ":"))


def decode(text: str) -> Any:
    return json.loads(text)


def site(row: Mapping[str, Any]) -> Site:
    return _record(Site, {**row, "function": _record(Function, row["function"])})


def layer(row: Mapping[str, Any]) -> Layer:
    return _record(Layer, row)


def parameter(row: Mapping[str, Any]) -> Parameter:
    return _record(Parameter, row)


def optimizer(row: Mapping[str, Any]) -> Optimizer:
    return _record(Optimizer, row)


def criterion(row: Mapping[str, Any]) -> Criterion:
    return _record(Criterion, row)


def origin(row: Mapping[str, Any]) -> NonFiniteOrigin:
    return _record(NonFiniteOrigin, row)


def spike(row: Mapping[str, Any]) -> Spike:
    return _record(Spike, row)


def overhead(row: Mapping[str, Any]) -> Overhead:
    return _record(Overhead, row)


def diagnosis(row: Mapping[str, Any]) -> Diagnosis:
    return Diagnosis(
        verdict=str(row["verdict"]),
        findings=tuple(finding(item) for item in row["findings"]),
        learning=str(row.get("learning", "unknown")),
    )


def finding(row: Mapping[str, Any]) -> Finding:
    return Finding(
        rule=str(row["rule"]),
        severity=Severity(row["severity"]),
        message=str(row["message"]),
        sites=tuple(row.get("sites", ())),
        first_step=row.get("first_step"),
        evidence={name: _record(Evidence, item) for name, item in row["evidence"].items()},
        cause=dict(row.get("cause", {})),
        remedies=tuple(_record(Remedy, item) for item in row.get("remedies", ())),
    )


def _record(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """By field name: what this version does not know is passed over."""
    names = {item.name for item in fields(kind)}
    return kind(**{name: _frozen(value) for name, value in row.items() if name in names})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def choice_of(row: Mapping[str, Any]) -> Choice:
    rows = tuple(_record(CandidateResult, candidate) for candidate in row["candidates"])
    return _record(Choice, {**row, "candidates": rows})

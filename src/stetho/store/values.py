"""Records that are not numbers (sites, layers, findings …) ↔ JSON text."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TypeVar

from stetho.record import Choice, Diagnosis
from stetho.store.typed import typed

Record = TypeVar("Record")


def encode(value: Any) -> str:
    """A record or a plain value → JSON. ASCII only, so that any name fits into the file."""
    return json.dumps(value, default=asdict, separators=(",", ":"))


def decode(text: str) -> Any:
    return json.loads(text)


def record(kind: type[Record], value: Any) -> Record:
    """A record of one kind, each of its fields checked. Raises ValueError."""
    made: Record = typed(kind, value, kind.__name__.lower())
    return made


def records(kind: type[Record], values: Any) -> tuple[Record, ...]:
    """A list of records."""
    made: tuple[Record, ...] = typed(tuple[kind, ...], values, kind.__name__.lower())  # type: ignore[valid-type]
    return made


def names(text: Any) -> tuple[str, ...]:
    """A JSON list of texts."""
    made: tuple[str, ...] = typed(tuple[str, ...], decode(text), "names")
    return made


def text(value: Any) -> str:
    """A JSON text."""
    return str(typed(str, decode(value), "note"))


def whole(value: Any) -> int:
    """A whole number that is not negative, such as a step's."""
    number = int(typed(int, value, "step"))
    if number < 0:
        raise ValueError(f"expected a step, got {number}")
    return number


def diagnosis(value: Any) -> Diagnosis:
    return record(Diagnosis, value)


def choice_of(value: Any) -> Choice:
    return record(Choice, value)

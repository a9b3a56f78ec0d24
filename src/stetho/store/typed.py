"""JSON values ↔ what a record's fields are declared to be; anything else is refused by name.

A file may have been changed by anybody: a list where a name should stand must not come as far as
the report.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import IntEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

LONGEST = 1 << 20  # characters of a text
LARGEST = 1 << 53  # of a whole number: exact as a float, too


def typed(kind: Any, value: Any, where: str) -> Any:
    """A value as the type `kind` says. Raises ValueError for what it is not.

    `kind` is a record, an enumeration, bool, int, float, str, or a tuple, a mapping or an
    alternative of those. Of a record, fields that this version does not know are passed over.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(inner, value, where)
    if origin is tuple:
        return _tuple(inner, value, where)
    if origin in (dict, Mapping):
        return _mapping(inner, value, where)
    if is_dataclass(kind):
        return _record(kind, value, where)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return kind(typed(int, value, where))
    return _plain(kind, value, where)


def _plain(kind: Any, value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        kind = int  # a count, kept as it was written
    if kind is not Any and type(value) is not kind:
        raise ValueError(f"{where}: expected {kind.__name__}, got {_short(value)}")
    if kind is int and not -LARGEST <= value <= LARGEST:
        raise ValueError(f"{where}: {value:.3g} is out of range")
    if kind is str and len(value) > LONGEST:
        raise ValueError(f"{where}: a text of {len(value)} characters")
    return value


def _optional(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    (kind,) = (kind for kind in kinds if kind is not type(None))
    return typed(kind, value, where)


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{where}: expected a list, got {_short(value)}")
    if kinds[-1] is Ellipsis:
        return tuple(typed(kinds[0], item, where) for item in value)
    if len(value) != len(kinds):
        raise ValueError(f"{where}: expected {len(kinds)} values, got {len(value)}")
    return tuple(typed(kind, item, where) for kind, item in zip(kinds, value))


def _mapping(kinds: tuple[Any, ...], value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: expected names and values, got {_short(value)}")
    return {
        typed(kinds[0], key, where): typed(kinds[1], item, f"{where}.{_short(key)}")
        for key, item in value.items()
    }


def _record(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: expected {kind.__name__}, got {_short(value)}")
    hints = _hints(kind)
    given = {name: hints[name] for name in value if name in hints}
    made = {name: typed(hint, value[name], f"{where}.{name}") for name, hint in given.items()}
    try:
        return kind(**made)
    except TypeError as error:  # a field without a default is missing
        raise ValueError(f"{where}: {error}") from error


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind) if item.init}


def _short(value: Any) -> str:
    return repr(value)[:40]

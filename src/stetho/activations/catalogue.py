"""A name, with parameters if need be → the record of an activation function."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache

from stetho.activations import gates, rectifiers, smooth, squashing
from stetho.activations.activation import Activation
from stetho.errors import UnknownActivation, UsageError

Maker = Callable[..., Activation]

_MAKERS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (
        squashing.sigmoid,
        squashing.hardsigmoid,
        squashing.tanh,
        squashing.hardtanh,
        squashing.softsign,
        rectifiers.relu,
        rectifiers.relu6,
        rectifiers.leaky_relu,
        rectifiers.prelu,
        rectifiers.rrelu,
        rectifiers.rrelu_paper,
        rectifiers.rrelu_article,
        rectifiers.squared_relu,
        smooth.elu,
        smooth.celu,
        smooth.selu,
        smooth.softplus,
        smooth.gelu,
        smooth.gelu_tanh,
        smooth.silu,
        smooth.mish,
        smooth.hardswish,
        gates.glu,
        gates.reglu,
        gates.geglu,
        gates.swiglu,
        rectifiers.identity,
    )
}
_REGISTERED: dict[str, Activation] = {}


def names() -> tuple[str, ...]:
    """All names, the catalogue's own first."""
    return (*_MAKERS, *_REGISTERED)


def catalogue() -> tuple[Activation, ...]:
    """All records, with their default parameters."""
    return tuple(get(name) for name in names())


def get(name: str, **parameters: float) -> Activation:
    """The record of a function.

    Parameters may stand in the name: `elu:alpha=0.5`, or `leaky_relu:0.1` for the first one.

    Raises:
        UnknownActivation: there is no such name.
        UsageError: the function has no such parameter, or a value is no number.
    """
    base, _, rest = name.partition(":")
    if base in _REGISTERED and not (rest or parameters):
        return _REGISTERED[base]
    if base not in _MAKERS:
        close = difflib.get_close_matches(base, names(), n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else f": {', '.join(names())}"
        raise UnknownActivation(f"expected the name of an activation function, got {base!r}{hint}")
    default = _made(base)
    given = {**_parsed(default, rest), **parameters}
    if not given:
        return default
    strange = [key for key in given if key not in default.parameters]
    if strange or default.make is None:
        known = ", ".join(default.parameters) or "none"
        raise UsageError(f"{base} has no parameter {strange[0]!r}; it has: {known}")
    return default.make(**given)


@cache
def _made(name: str) -> Activation:
    return _MAKERS[name]()


def _parsed(default: Activation, text: str) -> dict[str, float]:
    """'alpha=0.5' or '0.5' → {'alpha': 0.5}."""
    given: dict[str, float] = {}
    for place, part in enumerate(text.split(",") if text else ()):
        key, equals, value = part.rpartition("=")
        if not equals:
            keys = tuple(default.parameters)
            key = keys[place] if place < len(keys) else "more"
        try:
            given[key.strip()] = float(value)
        except ValueError:
            raise UsageError(
                f"expected a number for {key or 'a parameter'} of {default.name}, got {value!r}; "
                f"write it as {default.name}:alpha=0.5"
            ) from None
    return given


def keep(record: Activation, replace: bool) -> None:
    """Add a user's own record."""
    if record.name in _MAKERS or (record.name in _REGISTERED and not replace):
        raise UsageError(
            f"there is an activation function {record.name!r} already; register another name, or "
            "your own one again with replace=True"
        )
    _REGISTERED[record.name] = record

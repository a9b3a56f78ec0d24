"""A name, with parameters if need be → the record of an activation function."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache

from stetho.activations import exponential, gates, randomised, rectifiers, smooth, squashing
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
        randomised.rrelu,
        randomised.rrelu_paper,
        randomised.rrelu_article,
        exponential.elu,
        exponential.celu,
        exponential.selu,
        exponential.softplus,
        smooth.gelu,
        smooth.gelu_tanh,
        smooth.silu,
        smooth.mish,
        smooth.hardswish,
        rectifiers.squared_relu,
        rectifiers.identity,
        gates.glu,
        gates.reglu,
        gates.geglu,
        gates.swiglu,
    )
}
# What people and papers also call them: for the hint of an unknown name only.
_ALSO = {"swish": "silu", "logistic": "sigmoid", "expit": "sigmoid", "lrelu": "leaky_relu"}
_REGISTERED: dict[str, Activation] = {}


def names() -> tuple[str, ...]:
    """All names, the catalogue's own first."""
    return (*_MAKERS, *_REGISTERED)


def builtin() -> tuple[Activation, ...]:
    """The catalogue's own records, with their default parameters."""
    return tuple(_made(name) for name in _MAKERS)


def catalogue() -> tuple[Activation, ...]:
    """All records, with their default parameters; the user's own after the catalogue's."""
    return (*builtin(), *_REGISTERED.values())


def get(name: str, **parameters: float) -> Activation:
    """The record of a function.

    Parameters may stand in the name: `elu:alpha=0.5`, or `leaky_relu:0.1` for the first one.

    Raises:
        UnknownActivation: there is no such name.
        UsageError: the function has no such parameter, or a value is no number or out of range.
    """
    base, _, rest = name.partition(":")
    default = _default(base)
    given = {**_parsed(default, rest), **parameters}
    if not given:
        return default
    strange = [key for key in given if key not in default.parameters]
    if strange or default.make is None:
        raise UsageError(
            f"expected {_wanted(default)}, got {next(iter(strange or given))!r} in "
            f"get({name!r}); leave it out, or see docs/activations"
        )
    return default.make(**{key: _number(default, key, value) for key, value in given.items()})


def _default(base: str) -> Activation:
    if base in _REGISTERED:
        return _REGISTERED[base]
    if base in _MAKERS:
        return _made(base)
    close = _close(base)
    hint = f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(names())}"
    raise UnknownActivation(
        f"expected the name of an activation function, got {base!r}; {hint} "
        "(add your own with stetho.register)"
    )


@cache
def _made(name: str) -> Activation:
    return _MAKERS[name]()


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _close(name: str) -> list[str]:
    """Names that were perhaps meant: alike in spelling, or a class's name, or another usual one."""
    folded = {_folded(known): known for known in names()}
    folded.update({_folded(also): known for also, known in _ALSO.items()})
    close = difflib.get_close_matches(_folded(name), folded, n=3)
    return list(dict.fromkeys(folded[key] for key in close))


def _wanted(default: Activation) -> str:
    known = ", ".join(default.parameters)
    return (
        f"one of the parameters of {default.name} ({known})"
        if known
        else (f"no parameter, as {default.name} has none")
    )


def _parsed(default: Activation, text: str) -> dict[str, float | str]:
    """'alpha=0.5' or '0.5' → {'alpha': '0.5'}; what has no name takes the next place."""
    given: dict[str, float | str] = {}
    keys = tuple(default.parameters)
    for place, part in enumerate(text.split(",") if text else ()):
        key, equals, value = part.rpartition("=")
        if not equals and place >= len(keys):
            raise UsageError(
                f"expected {_wanted(default)}, got a value number {place + 1}, {value!r}, in "
                f"'{default.name}:{text}'; leave it out"
            )
        given[key.strip() if equals else keys[place]] = value
    return given


def _number(default: Activation, key: str, value: float | str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"expected a number for {key} of {default.name}, got {value!r}; "
            f"write it as {default.name}:{key}={default.parameters[key]:g}"
        ) from None


def keep(record: Activation, replace: bool) -> None:
    """Add a user's own record.

    Raises:
        UsageError: the name is the catalogue's, or is taken and `replace` is false.
    """
    if record.name in _MAKERS:
        raise UsageError(
            f"expected a name that is free, got {record.name!r}, which is the catalogue's own and "
            "stays as it is; register your function under another name"
        )
    if record.name in _REGISTERED and not replace:
        raise UsageError(
            f"expected a name that is free, got {record.name!r}, which was registered before; "
            "choose another, or say replace=True"
        )
    _REGISTERED[record.name] = record


def drop(name: str) -> None:
    """Forget a user's own record; the catalogue's own stay."""
    _REGISTERED.pop(name, None)

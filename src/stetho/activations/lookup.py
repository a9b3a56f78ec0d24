"""A torch function and its arguments, or a torch module → the facts of the activation function."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from stetho.activations.activation import Activation
from stetho.activations.catalogue import _MAKERS, get
from stetho.record import Function

if TYPE_CHECKING:
    from torch import nn

Arguments = tuple[Any, ...]
Bind = Callable[[Arguments, dict[str, Any]], Function | None]


def for_call(func: Any) -> Bind | None:
    """How to read a call of `func` as an activation function; `None` if it is none.

    The answer takes the call's arguments and gives the function's facts, or `None` where this
    call is no activation (a clamp that is no ReLU). Costs one look into a dictionary.
    """
    try:
        return _table().get(func)
    except TypeError:  # not hashable
        return None


@cache
def _table() -> dict[Any, Bind]:
    """Every function object that torch knows an activation by."""
    import torch
    from torch.nn import functional as F

    homes = (torch, torch.Tensor, F, torch.special, torch._C._nn)
    table: dict[Any, Bind] = {}
    for name in _MAKERS:
        bind = _SPECIAL.get(name) or _binder(get(name))
        for torch_name in get(name).torch_names:
            for home in homes:
                if hasattr(home, torch_name):
                    table[getattr(home, torch_name)] = bind
    for name in ("clamp", "clamp_", "clamp_min", "clamp_min_", "clip", "clip_"):
        for home in (torch, torch.Tensor):
            if hasattr(home, name):
                table[getattr(home, name)] = _clamp
    for threshold in (F.threshold, torch.threshold, torch.threshold_):
        table[threshold] = _threshold
    return table


def _number(value: Any) -> float | None:
    """A plain number; `None` for tensors, which one may have to wait for."""
    return float(value) if isinstance(value, (int, float)) else None


def _binder(record: Activation) -> Bind:
    """Reads parameters that follow the input in torch's order, by place or by name."""
    keys = tuple(record.parameters)

    @cache
    def specialised(values: tuple[float, ...]) -> Function:
        given = dict(zip(keys, values, strict=True))
        return get(record.name, **given).facts if keys else record.facts

    def bind(args: Arguments, kwargs: dict[str, Any]) -> Function | None:
        values = []
        for place, key in enumerate(keys, start=1):
            value = _number(args[place] if place < len(args) else kwargs.get(key))
            values.append(record.parameters[key] if value is None else value)
        return specialised(tuple(values))

    return bind


def _gelu(args: Arguments, kwargs: dict[str, Any]) -> Function:
    return get("gelu_tanh" if kwargs.get("approximate", "none") == "tanh" else "gelu").facts


def _prelu(args: Arguments, kwargs: dict[str, Any]) -> Function:
    weight = args[1] if len(args) > 1 else kwargs.get("weight")
    if weight is None or weight.device.type != "cpu":  # reading it would wait for the device
        return get("prelu").facts
    return get("prelu", weight=round(float(weight.detach().mean()), 6)).facts


def _clamp(args: Arguments, kwargs: dict[str, Any]) -> Function | None:
    low = args[1] if len(args) > 1 else kwargs.get("min")
    high = args[2] if len(args) > 2 else kwargs.get("max")
    if _number(low) != 0:
        return None
    if high is None:
        return get("relu").facts
    return get("relu6").facts if _number(high) == 6 else None


def _threshold(args: Arguments, kwargs: dict[str, Any]) -> Function | None:
    threshold = args[1] if len(args) > 1 else kwargs.get("threshold")
    value = args[2] if len(args) > 2 else kwargs.get("value")
    return get("relu").facts if _number(threshold) == 0 and _number(value) == 0 else None


_SPECIAL: dict[str, Bind] = {"gelu": _gelu, "prelu": _prelu}


def for_module(module: nn.Module) -> Activation | None:
    """The record of one of torch's own activation modules, with its parameters."""
    from torch import nn

    kind = type(module)
    if getattr(nn, kind.__name__, None) is not kind:
        return None
    for name in _MAKERS:
        if kind.__name__ in get(name).modules:
            return _of_module(name, module)
    return None


def _of_module(name: str, module: nn.Module) -> Activation:
    if name == "gelu" and getattr(module, "approximate", "none") == "tanh":
        return get("gelu_tanh")
    given = {}
    for key in get(name).parameters:
        value = getattr(module, key, None)
        if value is not None:
            given[key] = float(value.detach().mean()) if hasattr(value, "detach") else float(value)
    return get(name, **given)

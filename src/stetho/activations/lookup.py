"""A torch function and its arguments, or a torch module → the facts of the activation function."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from numbers import Real
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from stetho.activations.activation import Activation
from stetho.activations.catalogue import builtin, get
from stetho.activations.spelling import spelled
from stetho.errors import UsageError
from stetho.record import Function

if TYPE_CHECKING:
    from torch import nn

Arguments = tuple[Any, ...]
Bind = Callable[[Arguments, dict[str, Any]], Function | None]

CLAMPS = tuple(
    dotted
    for name in ("clamp", "clamp_min", "clip")
    for dotted in spelled(name, "torch Tensor", in_place="torch Tensor")
)
THRESHOLDS = spelled("threshold", "torch F", in_place="torch F")
SMALL = 1 << 16  # elements of a learned slope whose mean is quickly had


def for_call(func: Any) -> Bind | None:
    """How to read a call of `func` as an activation function; `None` if it is none.

    The answer takes the call's arguments and gives the function's facts, or `None` where this
    call is no activation (a clamp that is no ReLU). Costs one look into a dictionary.
    """
    try:
        return _table().get(func)
    except TypeError:  # not hashable
        return None


def functions() -> tuple[Any, ...]:
    """Every function object that `for_call` knows. First called before a script can replace any."""
    return tuple(_table())


@cache
def _table() -> dict[Any, Bind]:
    """Every function object by which torch, or this package, applies an activation."""
    from stetho.activations import modules

    table: dict[Any, Bind] = {}
    for record in builtin():
        bind = _SPECIAL.get(record.name) or _binder(record)
        for dotted in record.torch_names:
            _enter(table, dotted, bind)
        if record.name in modules.FUNCTIONS:
            table[modules.FUNCTIONS[record.name]] = bind
    for dotted in CLAMPS:
        _enter(table, dotted, _clamp)
    for dotted in THRESHOLDS:
        _enter(table, dotted, _threshold)
    return table


def _enter(table: dict[Any, Bind], dotted: str, bind: Bind) -> None:
    """Note a function under its dotted name; a torch that does not have it is no matter."""
    import torch

    try:
        table[attrgetter(dotted.removeprefix("torch."))(torch)] = bind
    except AttributeError:
        pass


def _argument(args: Arguments, kwargs: dict[str, Any], place: int, key: str) -> Any:
    return args[place] if len(args) > place else kwargs.get(key)


def _number(value: Any) -> float | None:
    """A plain number; `None` for a tensor, which one may have to wait for."""
    return float(value) if isinstance(value, Real) else None


def _binder(record: Activation) -> Bind:
    """Reads parameters that follow the input in torch's order, by place or by name."""
    keys = tuple(record.parameters)

    @cache
    def specialised(values: tuple[float, ...]) -> Function:
        given = tuple(zip(keys, values, strict=True))
        try:
            return get(record.name, **dict(given)).facts
        except UsageError:  # torch may take what has no facts here: seen, but not known
            return Function(name=record.name, known=False, parameters=given)

    def bind(args: Arguments, kwargs: dict[str, Any]) -> Function:
        values = []
        for place, key in enumerate(keys, start=1):
            given = _argument(args, kwargs, place, key)
            value = record.parameters[key] if given is None else _number(given)
            if value is None:
                return Function(name=record.name, known=False)
            values.append(value)
        return specialised(tuple(values))

    return bind if keys else lambda args, kwargs: record.facts


def _gelu(args: Arguments, kwargs: dict[str, Any]) -> Function:
    return get("gelu_tanh" if kwargs.get("approximate", "none") == "tanh" else "gelu").facts


def _prelu(args: Arguments, kwargs: dict[str, Any]) -> Function:
    return _with_mean(_argument(args, kwargs, 1, "weight")).facts


def _with_mean(weight: Any) -> Activation:
    """PReLU with the mean of its learned slopes; with 0.25 where to read them would cost."""
    import torch

    plain = type(weight) in (torch.Tensor, torch.nn.Parameter)
    if not plain or weight.device.type != "cpu" or weight.numel() > SMALL:
        return get("prelu")
    try:
        return get("prelu", weight=round(float(weight.detach().mean()), 6))
    except (RuntimeError, UsageError):  # inside vmap, or NaN by now
        return get("prelu")


def _hardtanh(args: Arguments, kwargs: dict[str, Any]) -> Function | None:
    """hardtanh(0, 6) is ReLU6, which torch's own ReLU6 module calls."""
    function = _binder(get("hardtanh"))(args, kwargs)
    sixth = function is not None and (function.lower, function.upper) == (0, 6)
    return get("relu6").facts if sixth else function


def _clamp(args: Arguments, kwargs: dict[str, Any]) -> Function | None:
    """clamp(min=0) is ReLU, clamp(0, 6) ReLU6, and any other is no activation."""
    if _number(_argument(args, kwargs, 1, "min")) != 0:
        return None
    high = _argument(args, kwargs, 2, "max")
    if high is None:
        return get("relu").facts
    return get("relu6").facts if _number(high) == 6 else None


def _threshold(args: Arguments, kwargs: dict[str, Any]) -> Function | None:
    """threshold(0, 0) is ReLU."""
    threshold = _number(_argument(args, kwargs, 1, "threshold"))
    value = _number(_argument(args, kwargs, 2, "value"))
    return get("relu").facts if threshold == 0 and value == 0 else None


_SPECIAL: dict[str, Bind] = {
    "gelu": _gelu,
    "gelu_tanh": _gelu,
    "hardtanh": _hardtanh,
    "prelu": _prelu,
}


def for_module(module: nn.Module) -> Activation | None:
    """The record of an activation module with its parameters; `None` for any other module.

    Knows the classes of `torch.nn` and of `stetho.activations.modules`, and no subclass of them:
    a subclass may compute something else.
    """
    name = _classes().get(type(module))
    try:
        return None if name is None else _of_module(name, module)
    except UsageError:  # parameters for which there are no facts
        return None


@cache
def _classes() -> dict[type[nn.Module], str]:
    from torch import nn

    from stetho.activations import modules

    classes = {getattr(nn, kind): record.name for record in builtin() for kind in record.modules}
    classes[nn.Threshold] = "threshold"
    return {**classes, nn.GELU: "gelu", **{kind: name for name, kind in modules.OURS.items()}}


def _of_module(name: str, module: Any) -> Activation | None:
    if name == "threshold":
        return get("relu") if module.threshold == 0 and module.value == 0 else None
    if name == "gelu":
        return get("gelu_tanh" if module.approximate == "tanh" else "gelu")
    if name == "prelu":
        return _with_mean(module.weight)
    keys = get(name).parameters
    return get(name, **{key: float(getattr(module, key)) for key in keys})

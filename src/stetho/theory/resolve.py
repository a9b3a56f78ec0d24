"""A name, a record, a torch function or module, or any callable → the record of its function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from stetho import activations
from stetho.activations import Activation
from stetho.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

    AnyFunction = str | Activation | nn.Module | Callable[..., Any]
else:
    AnyFunction = Any


def resolve(function: AnyFunction) -> Activation:
    """The record of a function.

    Args:
        function: a name as `activations.get` takes it; a record; a torch function (`F.gelu`); a
            module; or any callable from a tensor to one of its shape, whose facts are measured.

    Raises:
        UnknownActivation: there is no such name.
        UsageError: the callable is no elementwise function.
    """
    if isinstance(function, Activation):
        return function
    if isinstance(function, str):
        return activations.get(function)
    import torch
    from torch import nn

    if isinstance(function, nn.PReLU):
        return _learned(function)
    if isinstance(function, nn.Module):
        known = activations.for_module(function)
        return known if known is not None else _measured(_in_float64(function))
    if not callable(function):
        raise UsageError(
            "expected the name of an activation function, a module or a callable, got "
            f"{function!r}; see docs/activations for the names"
        )
    bind = activations.for_call(function)
    facts = bind((torch.zeros(1),), {}) if bind is not None else None
    if facts is not None and facts.known:
        return activations.get(facts.name, **dict(facts.parameters))
    return _measured(function)


def _learned(module: nn.PReLU) -> Activation:
    """PReLU with the slopes that it has, over channels: their mean and their mean square."""
    slopes = module.weight.detach().double()
    record = activations.get("prelu", weight=float(slopes.mean()))
    return replace(record, draw_moments=(float(slopes.mean()), float(slopes.square().mean())))


def _in_float64(module: nn.Module) -> Callable[..., Any]:
    """A module of the user's, called on a copy in double precision and in evaluation mode."""
    import copy

    return copy.deepcopy(module).double().eval()


@lru_cache(maxsize=64)
def _measured(function: Callable[..., Any]) -> Activation:
    from stetho.activations.registering import record_of

    return record_of(getattr(function, "__name__", type(function).__name__), function)

"""Calls of activation functions in a model → calls of others, while the model runs forward."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from stetho import activations
from stetho.activations import Activation
from stetho.activations.modules import build


class FunctionSwap(TorchFunctionMode):
    """Replaces functions by name wherever they are called: `F.relu`, `x.relu()`, in place or not.

    While it is entered, or, by `install`, whenever a model runs forward.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table: dict[str, nn.Module] = {}  # name of the function called → what is called
        self._depth = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        bind = activations.for_call(func)
        facts = bind(args, kwargs) if bind is not None else None
        other = self.table.get(facts.name) if facts is not None else None
        if facts is None or other is None:
            return func(*args, **kwargs)
        z = args[0] if args else kwargs.get("input", kwargs.get("self"))
        if kwargs.get("inplace") is True or func.__name__.endswith("_"):
            return z.copy_(other(z.clone()))
        return other(z)

    # -- around a model's forward ------------------------------------------------------------

    def before(self, model: nn.Module, args: Any) -> None:
        for module in self.table.values():
            module.train(model.training)
        if self._depth == 0:
            self.__enter__()  # type: ignore[no-untyped-call]
        self._depth += 1

    def after(self, model: nn.Module, args: Any, output: Any) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.__exit__(None, None, None)  # type: ignore[no-untyped-call]


_INSTALLED: weakref.WeakKeyDictionary[nn.Module, FunctionSwap] = weakref.WeakKeyDictionary()
_HANDLES: weakref.WeakKeyDictionary[nn.Module, list[Any]] = weakref.WeakKeyDictionary()


def install(model: nn.Module, what: str, to: Activation) -> Callable[[], None]:
    """Replace calls of `what` inside of a model's forward; gives the way back.

    A function that an earlier swap put in the place of another is replaced in its turn, so that
    ReLU → ELU → ReLU is nothing at all.
    """
    installed = _INSTALLED.get(model)
    if installed is None:
        installed = _INSTALLED[model] = FunctionSwap()
        _HANDLES[model] = [
            model.register_forward_pre_hook(installed.before),
            model.register_forward_hook(installed.after, always_call=True),
        ]
    before = dict(installed.table)
    table = {name: build(to) if _name(other) == what else other for name, other in before.items()}
    if what not in table:
        table[what] = build(to)
    installed.table = {name: other for name, other in table.items() if _name(other) != name}

    def back() -> None:
        installed.table = before
        _remove_if_empty(model)

    _remove_if_empty(model)
    return back


def _remove_if_empty(model: nn.Module) -> None:
    installed = _INSTALLED.get(model)
    if installed is not None and not installed.table:
        for handle in _HANDLES.pop(model, []):
            handle.remove()
        del _INSTALLED[model]


def _name(module: nn.Module) -> str:
    known = activations.for_module(module)
    return known.name if known is not None else type(module).__name__

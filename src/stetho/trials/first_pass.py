"""The first training pass of each model in a script → a moment to look at it, with its batch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from stetho.observe.checkup import Call
from stetho.patching import patched

OnModel = Callable[[nn.Module, Call], None]


class FirstPass:
    """Calls `act(model, call)` before the first training pass of each outermost module.

    From `start` to `stop`. It wraps `nn.Module.__call__`, since torch's global hooks are not given
    keyword arguments; `stop` it once the first steps are over, and nothing is left of it.
    """

    def __init__(self, act: OnModel) -> None:
        self._act = act
        self._met: set[int] = set()
        self._inside = False
        self._patches = ExitStack()

    def start(self) -> None:
        self._patches.enter_context(patched(nn.Module, "__call__", self._calling))

    def _calling(self, original: Any) -> Any:
        first_pass = self

        def called(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if first_pass._inside:
                return original(module, *args, **kwargs)
            first_pass._inside = True
            try:
                if first_pass._is_new(module):
                    first_pass._met.add(id(module))
                    first_pass._act(_inner(module), Call(args, kwargs))
                return original(module, *args, **kwargs)
            finally:
                first_pass._inside = False

        return called

    def stop(self) -> None:
        self._patches.close()

    def _is_new(self, module: nn.Module) -> bool:
        if id(module) in self._met or not torch.is_grad_enabled() or not module.training:
            return False
        return any(parameter.requires_grad for parameter in module.parameters())


def _inner(module: nn.Module) -> nn.Module:
    """The model itself, where `torch.compile` wraps it."""
    inner = getattr(module, "_orig_mod", None)
    return inner if isinstance(inner, nn.Module) else module

"""A forward pass → its tape.

A `TorchFunctionMode` sees each operation. For those that theory knows, the moments of the output
follow from those of the inputs and from the weights' actual mean and variance; for all others the
output is measured, named as not modelled, and the prediction goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from stetho import activations
from stetho.prediction.operations import BY_NAME, table
from stetho.prediction.tape import Tape

SILENT = frozenset(
    "__get__ __set__ size dim numel item shape is_floating_point stride data_ptr".split()
)


class TapeMode(TorchFunctionMode):
    """Writes a tape while it is entered."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        before = [self.tape.node(arg) for arg in args if isinstance(arg, Tensor)]
        name = func.__name__
        silent = name in SILENT or activations.for_call(func) is not None  # sites are told of
        if silent or (all(node is None for node in before) and func not in table()):
            return func(*args, **kwargs)
        result = func(*args, **kwargs)
        with torch._C.DisableTorchFunction():
            self._note(func=func, name=name, args=args, kwargs=kwargs, before=before, result=result)
        return result

    def _note(
        self, func: Any, name: str, args: Any, kwargs: Any, before: list[int | None], result: Any
    ) -> None:
        handler = table().get(func) or BY_NAME.get(name)
        if handler is not None:
            handler(self.tape, args, kwargs, result)
            return
        for output in result if isinstance(result, (tuple, list)) else (result,):
            floating = isinstance(output, Tensor) and output.is_floating_point()
            if not floating or not output.numel() or output.ndim == 0:
                continue
            self.tape.unmodelled[name] = self.tape.unmodelled.get(name, 0) + 1
            self.tape.measured(output, f"behind {name}, which theory does not model")

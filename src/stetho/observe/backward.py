"""Calls of backward and of the gradient scaler → the loss, and the scale that it carries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor

from stetho.observe.guard import Guard, entry
from stetho.patching import patched

OnBackward = Callable[[Tensor, "Tensor | None"], None]
Nothing = Callable[[], None]


class BackwardWatch:
    """Wraps `torch.autograd.backward` and `GradScaler.scale` while it is on.

    `before(loss, scale)` is called ahead of every differentiation of a scalar, with the loss as
    the script computed it and the scale that mixed precision put on it; `after()` behind it.
    """

    def __init__(self, before: OnBackward, after: Nothing, guard: Guard) -> None:
        self.guard = guard
        self._before = before
        self._after = after
        self._patches = ExitStack()
        self._running = False
        self._scaled: tuple[Any, Tensor, Tensor] | None = None  # (node, loss, scale)

    def start(self) -> None:
        wrap = self._patches.enter_context
        wrap(patched(torch.autograd, "backward", self._wrap_backward))
        wrap(patched(torch.amp.GradScaler, "scale", self._wrap_scale))

    def stop(self) -> None:
        self._patches.close()

    def _wrap_backward(self, original: Any) -> Any:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            # torch calls it once more for modes
            known = None if self._running else self._loss(tensors)
            if known is None:
                return original(tensors, *args, **kwargs)
            self._running = True
            self._before(*known)
            try:
                return original(tensors, *args, **kwargs)
            finally:
                self._running = False
                self._after()

        return backward

    def _wrap_scale(self, original: Any) -> Any:
        def scale(scaler: Any, outputs: Any) -> Any:
            result = original(scaler, outputs)
            if isinstance(outputs, Tensor) and isinstance(result, Tensor) and scaler.is_enabled():
                self._scaled = (result.grad_fn, outputs.detach(), scaler._scale)
            return result

        return scale

    @entry
    def _loss(self, tensors: Any) -> tuple[Tensor, Tensor | None] | None:
        """A scalar that is to be differentiated, as the script computed it, and its scale."""
        with self.guard:
            root = _scalar(tensors)
            return None if root is None else self._unscaled(root)
        return None

    def _unscaled(self, root: Tensor) -> tuple[Tensor, Tensor | None]:
        scaled, self._scaled = self._scaled, None
        if scaled is not None and scaled[0] is root.grad_fn:
            return scaled[1], scaled[2]
        return root, None


def _scalar(tensors: Any) -> Tensor | None:
    if isinstance(tensors, Sequence) and len(tensors) == 1:
        tensors = tensors[0]
    return tensors if isinstance(tensors, Tensor) and tensors.numel() == 1 else None

"""Every step's loss and gradients → whether they are finite and, where not, where that arose.

In a step that is not probed this looks at the loss and at the gradients of parameters with one
dimension (biases, scales of normalisations), which any NaN on its way back passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from stetho.observe.guard import Guard
from stetho.observe.nonfinite import BackwardOrigin, origin_of_gradients, origin_of_loss
from stetho.record import NonFiniteOrigin


class Sentinel:
    """Finds the first non-finite loss or gradient of a run and hands its origin to `report`.

    Tensors on other devices than the CPU are left alone: to ask would make the step wait.
    """

    def __init__(
        self,
        name_of: Callable[[Tensor], str | None],
        guard: Guard,
        report: Callable[[NonFiniteOrigin], None],
    ) -> None:
        self._name_of = name_of
        self._report = report
        self._backward = BackwardOrigin(name_of, guard)
        self._done = False

    def before_backward(self, loss: Tensor, step: int, probing: bool, scaled: bool) -> None:
        """A backward pass is about to begin. `scaled`: a gradient scaler handles its overflows."""
        if self._done or loss.device.type != "cpu":
            return
        if not math.isfinite(loss.item()):
            self._found(origin_of_loss(loss, step, self._name_of))
        elif not scaled:
            self._backward.arm(loss, step, learn=probing)

    def before_update(self, parameters: Sequence[Tensor], step: int) -> None:
        """Gradients are complete and the weights are not touched yet."""
        if self._done or (self._backward.found is None and _look_finite(parameters)):
            return
        by_side = origin_of_gradients(parameters, step, self._name_of)
        if by_side is not None:
            self._found(self._backward.found or by_side)

    def _found(self, origin: NonFiniteOrigin | None) -> None:
        if origin is not None:
            self._done = True
            self._report(origin)


def _look_finite(parameters: Sequence[Tensor]) -> bool:
    """Whether the gradients of the smallest parameters are finite, in a few calls for all."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    dense = [g for g in gradients if g.layout is torch.strided and g.device.type == "cpu"]
    small = [g for g in dense if g.ndim <= 1] or [g[:1] for g in dense]
    if not small:
        return True
    norms = torch._foreach_norm([g.detach() for g in small])
    total = torch.stack([norm.float() for norm in norms]).sum()
    return math.isfinite(total.item()) or all(bool(torch.isfinite(g).all()) for g in small)

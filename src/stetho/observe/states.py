"""An optimizer → the states of its parameters around a step, by names that are looked up once."""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass

from torch import Tensor
from torch.optim import Optimizer as TorchOptimizer

from stetho.events import ParameterState
from stetho.observe.aside import lacks_values
from stetho.observe.shards import DTENSOR, state_of
from stetho.observe.structure import Structure


@dataclass(frozen=True, slots=True)
class _Known:
    """What was learned of an optimizer's parameters; holds as long as they are these."""

    parameters: list[weakref.ref[Tensor]]
    trained: list[bool]
    names: list[str]

    def holds(self, parameters: list[Tensor]) -> bool:
        return (
            len(parameters) == len(self.parameters)
            and all(known() is one for known, one in zip(self.parameters, parameters))
            and [one.requires_grad for one in parameters] == self.trained
        )


class States:
    """Reads parameters and their gradients, before a step and after it."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self._known: dict[int, _Known] = {}

    def of(self, optimizer: TorchOptimizer, index: int, gradients: bool) -> list[ParameterState]:
        """`index`: of the optimizer. Without `gradients` these are left out."""
        scale = getattr(optimizer, "grad_scale", None)  # fused optimizers unscale by themselves
        parameters = [one for group in optimizer.param_groups for one in group["params"]]
        parameters = [one for one in parameters if not lacks_values(one)]
        found = [one.grad if gradients else None for one in parameters]
        if isinstance(scale, Tensor):
            found = [None if gradient is None else gradient / scale for gradient in found]
        seen = zip(self._names(parameters, index), parameters, found, strict=True)
        if DTENSOR in sys.modules:
            return [state_of(*one) for one in seen]
        return [ParameterState(name, one.detach(), gradient) for name, one, gradient in seen]

    def _names(self, parameters: list[Tensor], index: int) -> list[str]:
        known = self._known.get(index)
        if known is not None and known.holds(parameters):
            return known.names
        names = [self._structure.learn_parameter(one, index) for one in parameters]
        if self._structure.names.first:  # names as they will stay
            references = [weakref.ref(one) for one in parameters]
            trained = [one.requires_grad for one in parameters]
            self._known[index] = _Known(references, trained, names)
        return names

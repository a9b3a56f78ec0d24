"""A parameter and its gradient → what this process holds of them, without asking other ranks."""

from __future__ import annotations

import sys
from typing import Any

from torch import Tensor

from stetho.events import ParameterState

DTENSOR = "torch.distributed.tensor"  # loaded by a script that shares parameters out


def state_of(name: str, parameter: Tensor, gradient: Tensor | None) -> ParameterState:
    """Fully sharded parameters (FSDP2) are distributed tensors: arithmetic on them would send."""
    value = parameter.detach()
    if DTENSOR not in sys.modules:
        return ParameterState(name, value, gradient)
    held = local(value)
    return ParameterState(
        name, held, None if gradient is None else local(gradient), sharded=held is not value
    )


def local(tensor: Tensor) -> Tensor:
    """This rank's shard of a distributed tensor; any other tensor as it is."""
    return tensor.to_local() if is_distributed(tensor) else tensor  # type: ignore[attr-defined]


def is_flat(parameter: Tensor) -> bool:
    """Whether weights and biases of a whole module lie in it, one after the other (FSDP1)."""
    return bool(getattr(parameter, "_is_flat_param", False))


def is_distributed(tensor: Any) -> bool:
    module = sys.modules.get(DTENSOR)
    return module is not None and isinstance(tensor, module.DTensor)

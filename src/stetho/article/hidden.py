"""A network of `networks.mlp` and samples → what its hidden layers make of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

LAYERS = (nn.Linear, nn.BatchNorm1d)


@dataclass(frozen=True, slots=True)
class Hidden:
    """One hidden layer."""

    z: Tensor  # pre-activations (samples, units)
    a: Tensor  # activations


def hidden(model: nn.Sequential, x: Tensor) -> list[Hidden]:
    """In call order, in evaluation mode; without gradients, and the mode is left as it was."""
    training, found = model.training, []
    with torch.no_grad():
        for module in model.eval():
            before, x = x, module(x)
            if not isinstance(module, LAYERS):
                found.append(Hidden(before, x))
    model.train(training)
    return found

"""The name of an activation function, sizes → a network that has it in every hidden layer."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.activations.modules import build
from stetho.surgery import init_


def mlp(
    function: str,
    depth: int,
    width: int,
    *,
    seed: int,
    inputs: int = 64,
    outputs: int = 10,
    norm: bool = False,
    init: str = "torch",
) -> nn.Sequential:
    """`depth` hidden layers of `width` units, and a linear layer of outputs.

    Args:
        function: as `stetho.activations.get` takes it: "leaky_relu:negative_slope=0.1".
        seed: of the weights; networks with one seed differ in the function alone, and random
            state is left as it was.
        norm: batch normalisation between each hidden layer and its function.
        init: "torch" (U(±1/√fan-in), which `nn.Linear` takes), or a method of `stetho.init_`.
    """
    record = activations.get(function)
    sizes = [inputs, *[width] * depth]
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for place, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
            parts[f"linear{place}"] = nn.Linear(fan_in, fan_out)
            if norm:
                parts[f"norm{place}"] = nn.BatchNorm1d(fan_out)
            parts[f"{record.name}{place}"] = build(record)
        parts["head"] = nn.Linear(sizes[-1], outputs)
        model = nn.Sequential(parts)
        if init != "torch":
            init_(model, torch.randn(64, inputs), init)
    return model


def linears(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def rms(values: Tensor | None) -> float:
    """Root of the mean square; 0 of what is not there."""
    return 0.0 if values is None else float(values.square().mean().sqrt())

"""Functions with two limits → their records: sigmoid, tanh and their cheaper kin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

# Where σ(1 − σ) = 0.05 / 4: σ = (1 − √0.95) / 2.
SIGMOID_EDGE = math.log((1 + math.sqrt(0.95)) / (1 - math.sqrt(0.95)))


def _sigmoid_slope(z: Tensor) -> Tensor:
    import torch

    s = torch.sigmoid(z)
    return s * (1 - s)


def sigmoid() -> Activation:
    import torch

    return Activation(
        "sigmoid",
        "Sigmoid",
        "1 / (1 + exp(−z))",
        torch.sigmoid,
        _sigmoid_slope,
        Function(
            "sigmoid",
            lower=0.0,
            upper=1.0,
            saturates_below=-SIGMOID_EDGE,
            saturates_above=SIGMOID_EDGE,
            slope_supremum=0.25,
        ),
        cost="exponential",
        source="logistic function; Rumelhart, Hinton and Williams 1986",
        article="B1: its slope goes to zero at both ends (at most 1/4, not 1 as the article has "
        "it); B4: early layers of a deep sigmoid network hardly learn; B5: saturated units.",
        torch_names=("sigmoid", "sigmoid_", "expit", "special_expit"),
        modules=("Sigmoid",),
    )


def _hardsigmoid_slope(z: Tensor) -> Tensor:
    return ((z > -3) & (z < 3)).to(z.dtype) / 6


def hardsigmoid() -> Activation:
    from torch.nn import functional as F

    return Activation(
        "hardsigmoid",
        "Hard sigmoid",
        "clamp(z / 6 + 1/2, 0, 1)",
        F.hardsigmoid,
        _hardsigmoid_slope,
        Function(
            "hardsigmoid",
            lower=0.0,
            upper=1.0,
            saturates_below=-3.0,
            saturates_above=3.0,
            flat_below=-3.0,
            flat_above=3.0,
            slope_supremum=1 / 6,
        ),
        kinks=(-3.0, 3.0),
        source="Courbariaux, Bengio and David 2015; this form: Howard et al. 2019",
        torch_names=("hardsigmoid", "hardsigmoid_"),
        modules=("Hardsigmoid",),
    )


def _tanh_slope(z: Tensor) -> Tensor:
    import torch

    return 1 - torch.tanh(z) ** 2


def tanh() -> Activation:
    import torch

    edge = math.atanh(math.sqrt(0.95))  # where 1 − tanh² = 0.05
    return Activation(
        "tanh",
        "Tanh",
        "(exp(z) − exp(−z)) / (exp(z) + exp(−z))",
        torch.tanh,
        _tanh_slope,
        Function(
            "tanh",
            lower=-1.0,
            upper=1.0,
            zero_centred=True,
            saturates_below=-edge,
            saturates_above=edge,
        ),
        cost="exponential",
        source="LeCun, Bottou, Orr and Müller 1998, Efficient BackProp",
        torch_names=("tanh", "tanh_"),
        modules=("Tanh",),
    )


def hardtanh(min_val: float = -1.0, max_val: float = 1.0) -> Activation:
    from torch.nn import functional as F

    low, high = float(min_val), float(max_val)
    return Activation(
        "hardtanh",
        "Hard tanh",
        "clamp(z, min, max)",
        lambda z: F.hardtanh(z, low, high),
        lambda z: ((z > low) & (z < high)).to(z.dtype),
        Function(
            "hardtanh",
            parameters=(("min_val", low), ("max_val", high)),
            lower=low,
            upper=high,
            zero_centred=low == -high,
            saturates_below=low,
            saturates_above=high,
            flat_below=low,
            flat_above=high,
        ),
        kinks=(low, high),
        source="Collobert 2004",
        parameters={"min_val": -1.0, "max_val": 1.0},
        torch_names=("hardtanh", "hardtanh_"),
        modules=("Hardtanh",),
        make=hardtanh,
    )


def softsign() -> Activation:
    from torch.nn import functional as F

    edge = math.sqrt(1 / 0.05) - 1  # where 1 / (1 + |z|)² = 0.05
    return Activation(
        "softsign",
        "Softsign",
        "z / (1 + |z|)",
        F.softsign,
        lambda z: 1 / (1 + z.abs()) ** 2,
        Function(
            "softsign",
            lower=-1.0,
            upper=1.0,
            zero_centred=True,
            saturates_below=-edge,
            saturates_above=edge,
        ),
        source="Bergstra et al. 2009",
        torch_names=("softsign",),
        modules=("Softsign",),
    )

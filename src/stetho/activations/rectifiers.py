"""Functions made of straight pieces → their records: ReLU and its leaky, learned, random kin."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.activations.thresholds import SATURATED
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

Elementwise = Callable[["Tensor"], "Tensor"]

DETECTOR = (
    "C1: slope 1 above zero and 0 below; C2, C3: one-sided saturation squashes what the unit is "
    "not made for; C4: sparse and cheap; C5: a unit can die; C6: never negative, so zig-zag."
)


def relu() -> Activation:
    import torch

    return Activation(
        "relu",
        "ReLU",
        "max(z, 0)",
        torch.relu,
        lambda z: (z > 0).to(z.dtype),
        Function("relu", lower=0.0, saturates_below=0.0, flat_below=0.0),
        kinks=(0.0,),
        source="Nair and Hinton 2010; Glorot, Bordes and Bengio 2011",
        article=DETECTOR,
        torch_names=("relu", "relu_"),
        modules=("ReLU",),
    )


def relu6() -> Activation:
    from torch.nn import functional as F

    return Activation(
        "relu6",
        "ReLU6",
        "min(max(z, 0), 6)",
        F.relu6,
        lambda z: ((z > 0) & (z < 6)).to(z.dtype),
        Function(
            "relu6",
            lower=0.0,
            upper=6.0,
            saturates_below=0.0,
            saturates_above=6.0,
            flat_below=0.0,
            flat_above=6.0,
        ),
        kinks=(0.0, 6.0),
        source="Krizhevsky 2010",
        torch_names=("relu6",),
        modules=("ReLU6",),
    )


def _pieces(slope: float) -> tuple[Elementwise, Elementwise]:
    """φ and φ' of z above zero and `slope` · z below."""

    def phi(z: Tensor) -> Tensor:
        import torch

        return torch.where(z > 0, z, slope * z)

    def derivative(z: Tensor) -> Tensor:
        import torch

        return torch.where(z > 0, torch.ones_like(z), torch.full_like(z, slope))

    return phi, derivative


def _leaky_facts(name: str, slope: float, parameters: tuple[tuple[str, float], ...]) -> Function:
    supremum = max(1.0, abs(slope))
    return Function(
        name,
        parameters=parameters,
        lower=-math.inf if slope > 0 else 0.0,
        zero_centred=slope == 1,
        saturates_below=0.0 if abs(slope) < SATURATED * supremum else None,
        saturates_above=0.0 if SATURATED * supremum > 1 else None,
        flat_below=0.0 if slope == 0 else None,
        slope_supremum=supremum,
    )


def leaky_relu(negative_slope: float = 0.01) -> Activation:
    slope = float(negative_slope)
    phi, derivative = _pieces(slope)
    return Activation(
        "leaky_relu",
        "Leaky ReLU",
        "z above zero, αz below; α = 0.01",
        phi,
        derivative,
        _leaky_facts("leaky_relu", slope, (("negative_slope", slope),)),
        kinks=(0.0,),
        source="Maas, Hannun and Ng 2013; α = 0.1 in Darknet (Redmon), 1/5.5 in Xu et al. 2015",
        article="D1: no unit dies, and outputs of both signs end the one-sign updates; D3: 1/5.5 "
        "better than 0.01; D5: gives up one-sided saturation.",
        parameters={"negative_slope": 0.01},
        torch_names=("leaky_relu", "leaky_relu_"),
        modules=("LeakyReLU",),
        make=leaky_relu,
    )


def prelu(weight: float = 0.25) -> Activation:
    slope = float(weight)
    phi, derivative = _pieces(slope)
    return Activation(
        "prelu",
        "PReLU",
        "z above zero, αz below; α is learned, 0.25 at first",
        phi,
        derivative,
        _leaky_facts("prelu", slope, (("weight", slope),)),
        kinks=(0.0,),
        source="He, Zhang, Ren and Sun 2015",
        article="D4: learns α, which adds parameters and wants much data; D5.",
        parameters={"weight": 0.25},
        learned=("weight",),
        torch_names=("prelu",),
        modules=("PReLU",),
        make=prelu,
    )


def rrelu(lower: float = 1 / 8, upper: float = 1 / 3) -> Activation:
    low, high = float(lower), float(upper)
    phi, derivative = _pieces((low + high) / 2)
    return Activation(
        "rrelu",
        "Randomised leaky ReLU (PyTorch)",
        "z above zero, αz below; α ~ U(1/8, 1/3) in training, its mean 11/48 in evaluation",
        phi,
        derivative,
        _leaky_facts("rrelu", (low + high) / 2, (("lower", low), ("upper", high))),
        kinks=(0.0,),
        cost="several",
        source="torch.nn.RReLU; its mean slope is not the 1/5.5 of Xu et al. 2015",
        article="D2, D3: randomness helps out of local minima and saddle points; D5.",
        parameters={"lower": 1 / 8, "upper": 1 / 3},
        random=True,
        torch_names=("rrelu", "rrelu_"),
        modules=("RReLU",),
        make=rrelu,
    )


def rrelu_paper(lower: float = 3.0, upper: float = 8.0) -> Activation:
    low, high = float(lower), float(upper)
    slope = 2 / (low + high)  # evaluation divides by the mean of the divisor, 5.5
    phi, derivative = _pieces(slope)
    return Activation(
        "rrelu_paper",
        "Randomised leaky ReLU (paper)",
        "z above zero, z/a below; a ~ U(3, 8) in training, its mean 5.5 in evaluation",
        phi,
        derivative,
        _leaky_facts("rrelu_paper", slope, (("lower", low), ("upper", high))),
        kinks=(0.0,),
        cost="several",
        source="Xu, Wang, Chen and Li 2015, Empirical Evaluation of Rectified Activations",
        article="D2, D3: the paper that the article cites finds it better than plain leaky.",
        parameters={"lower": 3.0, "upper": 8.0},
        random=True,
        make=rrelu_paper,
    )


def rrelu_article(mean: float = 0.0, std: float = 1.0) -> Activation:
    middle, spread = float(mean), float(std)
    phi, derivative = _pieces(middle)
    return Activation(
        "rrelu_article",
        "Randomised leaky ReLU (article)",
        "z above zero, αz below; α ~ N(0, 1) in training, its mean 0 in evaluation",
        phi,
        derivative,
        _leaky_facts("rrelu_article", middle, (("mean", middle), ("std", spread))),
        kinks=(0.0,),
        cost="several",
        source="the article that this project implements; no paper has this form",
        article="D2: draws α from a normal with mean 0 and deviation 1.",
        parameters={"mean": 0.0, "std": 1.0},
        random=True,
        make=rrelu_article,
    )


def squared_relu() -> Activation:
    return Activation(
        "squared_relu",
        "Squared ReLU",
        "max(z, 0)²",
        lambda z: z.clamp(min=0) ** 2,
        lambda z: 2 * z.clamp(min=0),
        Function(
            "squared_relu",
            lower=0.0,
            saturates_below=0.0,
            flat_below=0.0,
            slope_supremum=math.inf,
        ),
        source="So et al. 2021, Primer",
    )


def identity() -> Activation:
    import torch

    return Activation(
        "identity",
        "Identity",
        "z",
        lambda z: z,
        torch.ones_like,
        Function("identity", zero_centred=True),
        cost="free",
        modules=("Identity",),
    )

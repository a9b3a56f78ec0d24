"""Functions made of straight pieces → their records: ReLU, its leaky and learned kin, identity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.activations.spelling import Elementwise, functional, plain, spelled
from stetho.activations.thresholds import SATURATED, require
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor


def relu() -> Activation:
    return Activation(
        name="relu",
        title="ReLU",
        formula="max(z, 0)",
        phi=lambda z: z.relu(),
        slope=lambda z: (z > 0).to(z.dtype),
        facts=Function(name="relu", lower=0.0, saturates_below=0.0, flat_below=0.0),
        slope_formula="1 above zero, 0 at and below it",
        kinks=(0.0,),
        source="Nair and Hinton 2010; Glorot, Bordes and Bengio 2011",
        article="C1: slope 1 above zero and 0 below, so a product of slopes does not decay; "
        "C2, C3: one-sided saturation keeps out what a unit is not made for; C4: sparse and "
        "cheap; C5: a unit can die; C6: never negative, so updates zig-zag.",
        use="First: simplest, cheapest, often enough. Wants He initialisation.",
        torch_names=spelled("relu", "torch Tensor F", in_place="torch Tensor F"),
        modules=("ReLU",),
    )


def relu6() -> Activation:
    return Activation(
        name="relu6",
        title="ReLU6",
        formula="min(max(z, 0), 6)",
        phi=functional("relu6"),
        slope=lambda z: ((z > 0) & (z < 6)).to(z.dtype),
        facts=Function(
            name="relu6",
            lower=0.0,
            upper=6.0,
            saturates_below=0.0,
            saturates_above=6.0,
            flat_below=0.0,
            flat_above=6.0,
        ),
        slope_formula="1 between 0 and 6, 0 elsewhere",
        kinks=(0.0, 6.0),
        source="Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10",
        use="ReLU for low-precision arithmetic: a bounded range keeps its bits.",
        torch_names=spelled("relu6", "F C", in_place="C"),
        modules=("ReLU6",),
    )


def bent(slope: float) -> tuple[Elementwise, Elementwise]:
    """φ and φ' of the function that is z above zero and `slope` · z below."""

    def derivative(z: Tensor) -> Tensor:
        import torch

        return torch.where(z > 0, torch.ones_like(z), torch.full_like(z, slope))

    if slope == 0:
        return lambda z: z.relu(), derivative  # leaky_relu would make 0 · −inf a NaN
    return functional("leaky_relu", slope), derivative


def bent_facts(
    name: str,
    slope: float,
    parameters: tuple[tuple[str, float], ...],
    reach: tuple[float, float] | None = None,
) -> Function:
    """Facts of the bent line. `reach`: smallest and largest slope that training may draw."""
    low, high = reach or (slope, slope)
    supremum = max(1.0, abs(slope))
    steepest = max(abs(low), abs(high))
    return Function(
        name=name,
        parameters=parameters,
        lower=-math.inf if high > 0 else 0.0,
        zero_centred=slope == 1,  # E φ(Z) = (1 − slope) / √(2π)
        saturates_below=0.0 if steepest < SATURATED * supremum else None,
        saturates_above=0.0 if SATURATED * supremum > 1 else None,
        flat_below=0.0 if steepest == 0 else None,
        slope_supremum=supremum,
    )


def bent_kinks(slope: float) -> tuple[float, ...]:
    return () if slope == 1 else (0.0,)


def leaky_relu(negative_slope: float = 0.01) -> Activation:
    slope = float(negative_slope)
    require("leaky_relu", math.isfinite(slope), "a finite slope", negative_slope=slope)
    phi, derivative = bent(slope)
    return Activation(
        name="leaky_relu",
        title="Leaky ReLU",
        formula=f"z above zero, αz below; α = {plain(slope)}",
        phi=phi,
        slope=derivative,
        facts=bent_facts("leaky_relu", slope, (("negative_slope", slope),)),
        slope_formula="1 above zero, α at and below it",
        kinks=bent_kinks(slope),
        source="Maas, Hannun and Ng 2013; α = 0.1 in Redmon's Darknet, 1/5.5 in Xu et al. 2015",
        article="D1: no unit dies, and outputs of both signs end the one-sign updates; YOLO uses "
        "it; D3: of fixed slopes, 1/5.5 is better than 0.01; D5: gives up one-sided saturation.",
        use="Second, where ReLU disappoints and ELU's exponential is too dear.",
        parameters={"negative_slope": 0.01},
        torch_names=spelled("leaky_relu", "F C", in_place="F C"),
        modules=("LeakyReLU",),
        make=leaky_relu,
    )


def prelu(weight: float = 0.25) -> Activation:
    slope = float(weight)
    require("prelu", math.isfinite(slope), "a finite slope", weight=slope)
    phi, derivative = bent(slope)
    return Activation(
        name="prelu",
        title="PReLU",
        formula=f"z above zero, αz below; α is learned, here {plain(slope)}",
        phi=phi,
        slope=derivative,
        facts=bent_facts("prelu", slope, (("weight", slope),)),
        slope_formula="1 above zero, α at and below it",
        kinks=bent_kinks(slope),
        source="He, Zhang, Ren and Sun 2015, Delving Deep into Rectifiers",
        article="D4: learns α, which adds parameters and wants a lot of data; D5: gives up "
        "one-sided saturation.",
        use="With compute to spare and much training data. One α a channel, or one in all.",
        parameters={"weight": 0.25},
        learned=("weight",),
        torch_names=spelled("prelu", "torch Tensor F"),
        modules=("PReLU",),
        make=prelu,
    )


def squared_relu() -> Activation:
    return Activation(
        name="squared_relu",
        title="Squared ReLU",
        formula="max(z, 0)²",
        phi=lambda z: z.relu().square(),
        slope=lambda z: 2 * z.relu(),
        facts=Function(
            name="squared_relu",
            lower=0.0,
            saturates_below=0.0,
            flat_below=0.0,
            slope_supremum=math.inf,
        ),
        slope_formula="2 max(z, 0)",
        source="So, Mańke, Liu, Dai, Shazeer and Le 2021, Primer",
        use="In the feed-forward part of a Transformer. Its slope has no bound: mind the scale.",
    )


def identity() -> Activation:
    return Activation(
        name="identity",
        title="Identity",
        formula="z",
        phi=lambda z: z,
        slope=lambda z: z.new_ones(z.shape),
        facts=Function(name="identity", zero_centred=True),
        slope_formula="1",
        cost="free",
        source="no activation at all: the linear network that others are held against",
        use="To see what a layer does without its activation; depth alone adds nothing then.",
        modules=("Identity",),
    )

"""Functions with an exponential lower side → their records: ELU, CELU, SELU, softplus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.activations.spelling import Elementwise, functional, plain, spelled
from stetho.activations.thresholds import SATURATED, require
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

# Klambauer et al. 2017, eq. 14: the pair that maps mean 0 and variance 1 to themselves.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
# E max(Z, 0) = 1/√(2π) and E (exp(min(Z, 0)) − 1) = √e Φ(−1) − 1/2, so ELU is centred at the
# alpha that makes their sum 0: that of SELU.
CENTRED = 1e-9
SMALL_JUMP = 1e-6  # of φ' at softplus's threshold: less than that is no kink to any quadrature


def _decaying(above: float, below: float, scale: float = 1.0) -> Elementwise:
    """The slope `above` for z above zero, below · exp(z / scale) at and below it."""

    def slope(z: Tensor) -> Tensor:
        import torch

        decay = below * torch.exp(z.clamp(max=0) / scale)
        return torch.where(z > 0, torch.full_like(z, above), decay)

    return slope


def _elu_facts(a: float) -> Function:
    """φ' is 1 above zero and α exp(z) below, so its supremum is max(1, |α|)."""
    supremum = max(1.0, abs(a))
    mean = 1 / math.sqrt(2 * math.pi) + a * (
        math.exp(0.5) * 0.5 * math.erfc(1 / math.sqrt(2)) - 0.5
    )
    return Function(
        name="elu",
        parameters=(("alpha", a),),
        lower=min(0.0, -a),
        zero_centred=abs(mean) < CENTRED,
        saturates_below=min(0.0, math.log(SATURATED * supremum / abs(a))) if a else 0.0,
        saturates_above=0.0 if SATURATED * supremum > 1 else None,
        flat_below=None if a else 0.0,
        slope_supremum=supremum,
    )


def elu(alpha: float = 1.0) -> Activation:
    a = float(alpha)
    require("elu", math.isfinite(a), "a finite alpha", alpha=a)
    return Activation(
        name="elu",
        title="ELU",
        formula=f"z above zero, α(exp(z) − 1) below; α = {plain(a)}",
        phi=functional("elu", a),
        slope=_decaying(1.0, a),
        facts=_elu_facts(a),
        slope_formula="1 above zero, α exp(z) at and below it",
        kinks=() if a == 1 else (0.0,),
        cost="exponential",
        source="Clevert, Unterthiner and Hochreiter 2016",
        article="E1: outputs near zero mean and one-sided saturation at once; E2: its exponential "
        "makes training and inference slower than with ReLU and leaky ReLU.",
        use="Second, where ReLU disappoints and compute is no issue or the network not huge.",
        parameters={"alpha": 1.0},
        torch_names=spelled("elu", "F C", in_place="F C"),
        modules=("ELU",),
        make=elu,
    )


def celu(alpha: float = 1.0) -> Activation:
    a = float(alpha)
    require("celu", 0 < a < math.inf, "alpha > 0", alpha=a)
    return Activation(
        name="celu",
        title="CELU",
        formula=f"z above zero, α(exp(z/α) − 1) below; α = {plain(a)}",
        phi=functional("celu", a),
        slope=_decaying(1.0, 1.0, a),
        facts=Function(
            name="celu",
            parameters=(("alpha", a),),
            lower=-a,
            saturates_below=a * math.log(SATURATED),
        ),
        slope_formula="1 above zero, exp(z/α) at and below it",
        cost="exponential",
        source="Barron 2017, Continuously Differentiable Exponential Linear Units",
        use="As ELU, where α is to be other than 1: its slope has no jump then.",
        parameters={"alpha": 1.0},
        torch_names=spelled("celu", "torch F", in_place="torch F"),
        modules=("CELU",),
        make=celu,
    )


def selu() -> Activation:
    top = SELU_SCALE * SELU_ALPHA
    return Activation(
        name="selu",
        title="SELU",
        formula="1.0507 z above zero, 1.0507 · 1.6733 (exp(z) − 1) below",
        phi=functional("selu"),
        slope=_decaying(SELU_SCALE, top),
        facts=Function(
            name="selu",
            lower=-top,
            zero_centred=True,  # its two constants are chosen for that
            saturates_below=math.log(SATURATED),
            slope_supremum=top,
        ),
        slope_formula="1.0507 above zero, 1.7581 exp(z) at and below it",
        kinks=(0.0,),
        cost="exponential",
        source="Klambauer, Unterthiner, Mayr and Hochreiter 2017, Self-Normalizing Neural Networks",
        use="In deep plain networks without normalisation; wants LeCun initialisation.",
        torch_names=spelled("selu", "torch F", in_place="torch F"),
        modules=("SELU",),
    )


def softplus(beta: float = 1.0, threshold: float = 20.0) -> Activation:
    b, linear = float(beta), float(threshold)
    fair = 0 < b < math.inf and math.isfinite(linear)
    require("softplus", fair, "beta > 0 and a finite threshold", beta=b, threshold=linear)

    def slope(z: Tensor) -> Tensor:
        import torch

        return torch.where(b * z > linear, torch.ones_like(z), torch.sigmoid(b * z))

    return Activation(
        name="softplus",
        title="Softplus",
        formula=f"log(1 + exp(βz)) / β, z where βz > {plain(linear)}; β = {plain(b)}",
        phi=functional("softplus", b, linear),
        slope=slope,
        facts=Function(
            name="softplus",
            parameters=(("beta", b), ("threshold", linear)),
            lower=min(0.0, linear / b),
            saturates_below=min(linear, math.log(SATURATED / (1 - SATURATED))) / b,
        ),
        slope_formula="σ(βz)",
        kinks=(linear / b,) if math.exp(-linear) > SMALL_JUMP else (),
        cost="several",
        source="Dugas, Bengio, Bélisle, Nadeau and Garcia 2001",
        use="Where an output must be positive and smooth (a variance, a rate).",
        parameters={"beta": 1.0, "threshold": 20.0},
        torch_names=spelled("softplus", "F C"),
        modules=("Softplus",),
        make=softplus,
    )

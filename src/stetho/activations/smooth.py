"""Functions with a bent lower side → their records: the ELU family, softplus, GELU, SiLU, Mish."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.activations.thresholds import SATURATED, tail_below
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
GELU_CUBIC = 0.044715


def elu(alpha: float = 1.0) -> Activation:
    import torch
    from torch.nn import functional as F

    a = float(alpha)
    supremum = max(1.0, a)
    return Activation(
        "elu",
        "ELU",
        "z above zero, α(exp(z) − 1) below; α = 1",
        lambda z: F.elu(z, a),
        lambda z: torch.where(z > 0, torch.ones_like(z), a * torch.exp(z.clamp(max=0))),
        Function(
            "elu",
            parameters=(("alpha", a),),
            lower=-a,
            saturates_below=math.log(SATURATED * supremum / a),
            slope_supremum=supremum,
        ),
        kinks=() if a == 1 else (0.0,),
        cost="exponential",
        source="Clevert, Unterthiner and Hochreiter 2016",
        article="E1: outputs near zero mean and one-sided saturation at once; E2: its exponential "
        "makes it slower than ReLU and leaky ReLU.",
        parameters={"alpha": 1.0},
        torch_names=("elu", "elu_"),
        modules=("ELU",),
        make=elu,
    )


def celu(alpha: float = 1.0) -> Activation:
    import torch
    from torch.nn import functional as F

    a = float(alpha)
    return Activation(
        "celu",
        "CELU",
        "max(z, 0) + min(0, α(exp(z/α) − 1)); α = 1",
        lambda z: F.celu(z, a),
        lambda z: torch.where(z > 0, torch.ones_like(z), torch.exp(z.clamp(max=0) / a)),
        Function(
            "celu",
            parameters=(("alpha", a),),
            lower=-a,
            saturates_below=a * math.log(SATURATED),
        ),
        cost="exponential",
        source="Barron 2017",
        parameters={"alpha": 1.0},
        torch_names=("celu", "celu_"),
        modules=("CELU",),
        make=celu,
    )


def selu() -> Activation:
    import torch
    from torch.nn import functional as F

    top = SELU_SCALE * SELU_ALPHA
    return Activation(
        "selu",
        "SELU",
        "1.0507 · (z above zero, 1.6733 (exp(z) − 1) below)",
        F.selu,
        lambda z: torch.where(
            z > 0, torch.full_like(z, SELU_SCALE), top * torch.exp(z.clamp(max=0))
        ),
        Function("selu", lower=-top, saturates_below=math.log(SATURATED), slope_supremum=top),
        kinks=(0.0,),
        cost="exponential",
        source="Klambauer, Unterthiner, Mayr and Hochreiter 2017; wants LeCun initialisation",
        torch_names=("selu", "selu_"),
        modules=("SELU",),
    )


def softplus(beta: float = 1.0, threshold: float = 20.0) -> Activation:
    import torch
    from torch.nn import functional as F

    b, linear = float(beta), float(threshold)
    return Activation(
        "softplus",
        "Softplus",
        "log(1 + exp(βz)) / β; β = 1",
        lambda z: F.softplus(z, b, linear),
        lambda z: torch.where(b * z > linear, torch.ones_like(z), torch.sigmoid(b * z)),
        Function(
            "softplus",
            parameters=(("beta", b), ("threshold", linear)),
            lower=0.0,
            saturates_below=math.log(SATURATED / (1 - SATURATED)) / b,
        ),
        cost="several",
        source="Dugas et al. 2001",
        parameters={"beta": 1.0, "threshold": 20.0},
        torch_names=("softplus",),
        modules=("Softplus",),
        make=softplus,
    )


def _normal(z: float) -> tuple[float, float]:
    """Distribution function and density of the standard normal."""
    return 0.5 * math.erfc(-z / math.sqrt(2)), math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _gelu_slope_at(z: float) -> float:
    below, density = _normal(z)
    return below + z * density


def _gelu_slope(z: Tensor) -> Tensor:
    import torch

    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    slope = 0.5 * torch.special.erfc(-z / math.sqrt(2)) + z * density
    return torch.where(density == 0, (z > 0).to(z.dtype), slope)  # no inf · 0


@cache
def _gelu_edges() -> tuple[float, float]:
    """(supremum of φ', where its lower tail begins). φ'' = 0 at z = √2."""
    supremum = _gelu_slope_at(math.sqrt(2))
    return supremum, tail_below(_gelu_slope_at, supremum)


def gelu() -> Activation:
    from torch.nn import functional as F

    supremum, edge = _gelu_edges()
    return Activation(
        "gelu",
        "GELU",
        "z Φ(z), Φ the normal distribution function",
        F.gelu,
        _gelu_slope,
        Function("gelu", lower=-0.16997120747, saturates_below=edge, slope_supremum=supremum),
        cost="several",
        source="Hendrycks and Gimpel 2016",
        torch_names=("gelu",),
        modules=("GELU",),
    )


def _gelu_tanh_slope_at(z: float) -> float:
    k = math.sqrt(2 / math.pi)
    t = math.tanh(k * (z + GELU_CUBIC * z**3))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * k * (1 + 3 * GELU_CUBIC * z * z)


def _gelu_tanh_slope(z: Tensor) -> Tensor:
    import torch

    k = math.sqrt(2 / math.pi)
    x = z.clamp(-20, 20)  # tanh is 1 to the last digit from far before there
    t = torch.tanh(k * (x + GELU_CUBIC * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * k * (1 + 3 * GELU_CUBIC * x * x)


@cache
def _numeric_edges(name: str) -> tuple[float, float]:
    """(supremum of φ', lower tail) of a smooth function whose largest slope lies in 0 … 5."""
    slope = {
        "gelu_tanh": _gelu_tanh_slope_at,
        "silu": _silu_slope_at,
        "mish": _mish_slope_at,
    }[name]
    low, high = 0.0, 5.0
    while high - low > 1e-9:  # golden-section search would do; thirds are plain enough
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if slope(left) < slope(right) else (low, right)
    supremum = slope((low + high) / 2)
    return supremum, tail_below(slope, supremum)


def gelu_tanh() -> Activation:
    from torch.nn import functional as F

    supremum, edge = _numeric_edges("gelu_tanh")
    return Activation(
        "gelu_tanh",
        "GELU (tanh form)",
        "z/2 (1 + tanh(√(2/π) (z + 0.044715 z³)))",
        lambda z: F.gelu(z, approximate="tanh"),
        _gelu_tanh_slope,
        Function("gelu_tanh", lower=-0.17004075, saturates_below=edge, slope_supremum=supremum),
        cost="several",
        source="Hendrycks and Gimpel 2016; the form of GPT-2",
    )


def _logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def _silu_slope_at(z: float) -> float:
    s = _logistic(z)
    return s * (1 + z * (1 - s))


def _silu_slope(z: Tensor) -> Tensor:
    import torch

    x = z.clamp(-1e4, 1e4)  # no inf · 0
    s = torch.sigmoid(x)
    return s * (1 + x * (1 - s))


def silu() -> Activation:
    from torch.nn import functional as F

    supremum, edge = _numeric_edges("silu")
    return Activation(
        "silu",
        "SiLU (Swish)",
        "z σ(z)",
        F.silu,
        _silu_slope,
        Function("silu", lower=-0.27846454276, saturates_below=edge, slope_supremum=supremum),
        cost="exponential",
        source="Elfwing, Uchibe and Doya 2018; Ramachandran, Zoph and Le 2017",
        torch_names=("silu", "silu_"),
        modules=("SiLU",),
    )


def _mish_slope_at(z: float) -> float:
    soft = z if z > 30 else math.log1p(math.exp(z))
    t = math.tanh(soft)
    return t + z * (1 - t * t) * _logistic(z)


def _mish_slope(z: Tensor) -> Tensor:
    import torch
    from torch.nn import functional as F

    x = z.clamp(-1e4, 1e4)
    t = torch.tanh(F.softplus(x))
    return t + x * (1 - t * t) * torch.sigmoid(x)


def mish() -> Activation:
    from torch.nn import functional as F

    supremum, edge = _numeric_edges("mish")
    return Activation(
        "mish",
        "Mish",
        "z tanh(log(1 + exp(z)))",
        F.mish,
        _mish_slope,
        Function("mish", lower=-0.30884016, saturates_below=edge, slope_supremum=supremum),
        cost="several",
        source="Misra 2019",
        torch_names=("mish", "mish_"),
        modules=("Mish",),
    )


def _hardswish_slope(z: Tensor) -> Tensor:
    import torch

    inner = (2 * z + 3) / 6
    return torch.where(z <= -3, torch.zeros_like(z), torch.where(z < 3, inner, torch.ones_like(z)))


def hardswish() -> Activation:
    from torch.nn import functional as F

    return Activation(
        "hardswish",
        "Hardswish",
        "z · min(max(z + 3, 0), 6) / 6",
        F.hardswish,
        _hardswish_slope,
        Function(
            "hardswish",
            lower=-0.375,
            saturates_below=-3.0,
            flat_below=-3.0,
            slope_supremum=1.5,
        ),
        kinks=(-3.0, 3.0),
        source="Howard et al. 2019, MobileNetV3",
        torch_names=("hardswish", "hardswish_"),
        modules=("Hardswish",),
    )

"""Functions that dip below zero → their records: GELU in two forms, SiLU, Mish, Hardswish.

Their limits and thresholds have no closed form (but GELU's supremum at √2); they are solved for
in pure Python when the record is first made, see `thresholds`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.activations.spelling import functional, spelled
from stetho.activations.thresholds import Scalar, border, summit, tail_below
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
GELU_CUBIC = 0.044715  # Hendrycks and Gimpel 2016, sec. 2
FAR = 1e4  # beyond it these slopes are 0 or 1 to the last digit, and inf · 0 is kept out


@cache
def _facts(name: str, phi: Scalar, slope: Scalar) -> Function:
    """Facts of a function with one minimum in −5 … 0 and its largest slope in 0 … 5."""
    supremum = slope(summit(slope, 0.0, 5.0))
    minimum = border(lambda z: slope(z) < 0, -5.0, 0.0)
    return Function(
        name=name,
        lower=phi(minimum),
        saturates_below=tail_below(slope, supremum),
        slope_supremum=supremum,
    )


def _logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _gelu_slope_at(z: float) -> float:
    return _normal(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _gelu_slope(z: Tensor) -> Tensor:
    import torch

    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    slope = 0.5 * torch.special.erfc(-z / math.sqrt(2)) + z * density
    return torch.where(density == 0, (z > 0).to(z.dtype), slope)  # no inf · 0


def gelu() -> Activation:
    return Activation(
        name="gelu",
        title="GELU",
        formula="z Φ(z), Φ the normal distribution function",
        phi=functional("gelu"),
        slope=_gelu_slope,
        facts=_facts("gelu", lambda z: z * _normal(z), _gelu_slope_at),
        slope_formula="Φ(z) + z exp(−z²/2) / √(2π)",
        cost="several",
        source="Hendrycks and Gimpel 2016",
        use="In Transformers, where it is the custom; smooth, so second derivatives exist.",
        torch_names=spelled("gelu", "F C", in_place="C"),
        modules=("GELU",),
    )


def _inner(z: float) -> float:
    return 2 * ROOT_TWO_OVER_PI * (z + GELU_CUBIC * z**3)


def _gelu_tanh_slope_at(z: float) -> float:
    up, down = _logistic(_inner(z)), _logistic(-_inner(z))
    return up + 2 * z * up * down * ROOT_TWO_OVER_PI * (1 + 3 * GELU_CUBIC * z * z)


def _gelu_tanh_slope(z: Tensor) -> Tensor:
    """With (1 + tanh(u)) / 2 = σ(2u) and 1 − tanh(u)² = 4 σ(2u) σ(−2u)."""
    x = z.clamp(-20, 20)  # σ is 0 or 1 to the last digit from far before there
    inner = 2 * ROOT_TWO_OVER_PI * (x + GELU_CUBIC * x**3)
    up, down = inner.sigmoid(), (-inner).sigmoid()
    return up + 2 * x * up * down * ROOT_TWO_OVER_PI * (1 + 3 * GELU_CUBIC * x * x)


def gelu_tanh() -> Activation:
    return Activation(
        name="gelu_tanh",
        title="GELU (tanh form)",
        formula="z/2 (1 + tanh(u)), u = √(2/π) (z + 0.044715 z³)",
        phi=functional("gelu", approximate="tanh"),
        slope=_gelu_tanh_slope,
        facts=_facts("gelu_tanh", lambda z: z * _logistic(_inner(z)), _gelu_tanh_slope_at),
        slope_formula="(1 + tanh(u)) / 2 + z/2 (1 − tanh(u)²) √(2/π) (1 + 0.134145 z²)",
        cost="several",
        source="Hendrycks and Gimpel 2016; the form of GPT-2, `approximate='tanh'` in torch",
        use="To match weights trained with it; it differs from GELU by 5e-4 at most.",
        torch_names=spelled("gelu", "F C", in_place="C"),
        modules=("GELU",),
    )


def _silu_slope_at(z: float) -> float:
    return _logistic(z) * (1 + z * _logistic(-z))


def _silu_slope(z: Tensor) -> Tensor:
    x = z.clamp(-FAR, FAR)
    return x.sigmoid() * (1 + x * (-x).sigmoid())


def silu() -> Activation:
    return Activation(
        name="silu",
        title="SiLU (Swish)",
        formula="z σ(z)",
        phi=functional("silu"),
        slope=_silu_slope,
        facts=_facts("silu", lambda z: z * _logistic(z), _silu_slope_at),
        slope_formula="σ(z) (1 + z σ(−z))",
        cost="exponential",
        source="Elfwing, Uchibe and Doya 2018; Ramachandran, Zoph and Le 2017",
        use="In convolutional nets and, as the gate of SwiGLU, in language models.",
        torch_names=spelled("silu", "F C", in_place="C"),
        modules=("SiLU",),
    )


def _mish_tanh(z: float) -> float:
    return math.tanh(z if z > 30 else math.log1p(math.exp(z)))


def _mish_slope_at(z: float) -> float:
    t = _mish_tanh(z)
    return t + z * (1 - t * t) * _logistic(z)


def _mish_slope(z: Tensor) -> Tensor:
    from torch.nn import functional as F

    x = z.clamp(-FAR, FAR)
    t = F.softplus(x).tanh()
    return t + x * (1 - t * t) * x.sigmoid()


def mish() -> Activation:
    return Activation(
        name="mish",
        title="Mish",
        formula="z tanh(log(1 + exp(z)))",
        phi=functional("mish"),
        slope=_mish_slope,
        facts=_facts("mish", lambda z: z * _mish_tanh(z), _mish_slope_at),
        slope_formula="t + z (1 − t²) σ(z), t = tanh(log(1 + exp(z)))",
        cost="several",
        source="Misra 2019",
        use="Where SiLU works and some more time a step is no matter (YOLOv4 has it).",
        torch_names=spelled("mish", "F C", in_place="C"),
        modules=("Mish",),
    )


def _hardswish_slope(z: Tensor) -> Tensor:
    import torch

    inner = torch.where(z < 3, z / 3 + 0.5, torch.ones_like(z))
    return torch.where(z <= -3, torch.zeros_like(z), inner)


def hardswish() -> Activation:
    return Activation(
        name="hardswish",
        title="Hardswish",
        formula="z · min(max(z + 3, 0), 6) / 6",
        phi=functional("hardswish"),
        slope=_hardswish_slope,
        facts=Function(
            name="hardswish",
            lower=-0.375,  # at z = −3/2
            saturates_below=-3.0,  # φ' is −1/2 just above
            flat_below=-3.0,
            slope_supremum=1.5,  # just below z = 3
        ),
        slope_formula="0 below −3, z/3 + 1/2 between, 1 above 3",
        kinks=(-3.0, 3.0),
        source="Howard et al. 2019, Searching for MobileNetV3",
        use="SiLU without an exponential, for small devices.",
        torch_names=spelled("hardswish", "F C", in_place="C"),
        modules=("Hardswish",),
    )

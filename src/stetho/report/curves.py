"""An activation function's facts → points of φ and φ' to draw, without torch.

The formulas stand in `stetho.activations` too, for tensors; a test holds both equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from stetho.record import Function

Scalar = Callable[[float], float]
Pair = tuple[Scalar, Scalar]  # φ, φ'

# Dense where z lies, sparse beyond: every function of the catalogue is all but straight there.
GRID = tuple(
    [-(2.0**power) for power in range(10, 3, -1)]
    + [step / 10 for step in range(-80, 81)]
    + [2.0**power for power in range(4, 11)]
)
BESIDE = 1e-9  # a jump of φ' is drawn as one: two points this far apart


@dataclass(frozen=True, slots=True)
class Curves:
    z: tuple[float, ...]
    phi: tuple[float, ...]
    slope: tuple[float, ...]


def curves(function: Function) -> Curves | None:
    """None for a function whose formula is not known."""
    pair = formulas(function)
    if pair is None:
        return None
    jumps = (0.0, *(edge for edge in _edges(function) if abs(edge) < GRID[-1]))
    beside = [edge + side for edge in jumps for side in (-BESIDE, BESIDE)]
    z = tuple(sorted({*GRID, *beside}))
    phi, slope = pair
    return Curves(z, tuple(map(phi, z)), tuple(map(slope, z)))


def _edges(function: Function) -> list[float]:
    return [edge for edge in (function.flat_below, function.flat_above) if edge is not None]


def formulas(function: Function) -> Pair | None:
    """φ and φ' of one number; of a gate, those of the half that is bent."""
    parameters = dict(function.parameters)
    made = _FORMULAS.get(function.name) if function.known else None
    try:
        return made(**parameters) if made is not None else None
    except TypeError:  # parameters that a later version gave it
        return None


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _log1pexp(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _clamp(z: float, low: float, high: float) -> float:
    return min(max(z, low), high)


def sigmoid() -> Pair:
    return _sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)


def hardsigmoid() -> Pair:
    return lambda z: _clamp(z / 6 + 0.5, 0, 1), lambda z: 1 / 6 if -3 < z < 3 else 0.0


def tanh() -> Pair:
    return math.tanh, lambda z: 4 * _sigmoid(2 * z) * _sigmoid(-2 * z)


def hardtanh(min_val: float = -1.0, max_val: float = 1.0) -> Pair:
    return (
        lambda z: _clamp(z, min_val, max_val),
        lambda z: 1.0 if min_val < z < max_val else 0.0,
    )


def softsign() -> Pair:
    return lambda z: z / (1 + abs(z)), lambda z: (1 + abs(z)) ** -2


def _bent(below: float) -> Pair:
    return lambda z: z if z > 0 else below * z, lambda z: 1.0 if z > 0 else below


def leaky_relu(negative_slope: float = 0.01) -> Pair:
    return _bent(negative_slope)


def prelu(weight: float = 0.25) -> Pair:
    return _bent(weight)


def rrelu(lower: float = 1 / 8, upper: float = 1 / 3) -> Pair:
    return _bent((lower + upper) / 2)


def rrelu_paper(lower: float = 3.0, upper: float = 8.0) -> Pair:
    return _bent(2 / (lower + upper))


def rrelu_article(mean: float = 0.0, std: float = 1.0) -> Pair:
    return _bent(mean)


def relu6() -> Pair:
    return lambda z: _clamp(z, 0, 6), lambda z: 1.0 if 0 < z < 6 else 0.0


def elu(alpha: float = 1.0) -> Pair:
    return (
        lambda z: z if z > 0 else alpha * math.expm1(z),
        lambda z: 1.0 if z > 0 else alpha * math.exp(z),
    )


def celu(alpha: float = 1.0) -> Pair:
    return (
        lambda z: z if z > 0 else alpha * math.expm1(z / alpha),
        lambda z: 1.0 if z > 0 else math.exp(z / alpha),
    )


def selu() -> Pair:
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return (
        lambda z: scale * (z if z > 0 else alpha * math.expm1(z)),
        lambda z: scale * (1.0 if z > 0 else alpha * math.exp(z)),
    )


def softplus(beta: float = 1.0, threshold: float = 20.0) -> Pair:
    return (
        lambda z: _log1pexp(beta * z) / beta if beta * z <= threshold else z,
        lambda z: _sigmoid(beta * z) if beta * z <= threshold else 1.0,
    )


def gelu() -> Pair:
    return lambda z: z * _normal(z), lambda z: _normal(z) + z * _density(z)


def gelu_tanh() -> Pair:
    root, cubic = math.sqrt(2 / math.pi), 0.044715

    def slope(z: float) -> float:
        t = math.tanh(root * (z + cubic * z**3))
        return (1 + t) / 2 + z / 2 * (1 - t * t) * root * (1 + 3 * cubic * z * z)

    return lambda z: z / 2 * (1 + math.tanh(root * (z + cubic * z**3))), slope


def silu() -> Pair:
    return lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z))


def mish() -> Pair:
    def slope(z: float) -> float:
        t = math.tanh(_log1pexp(z))
        return t + z * (1 - t * t) * _sigmoid(z)

    return lambda z: z * math.tanh(_log1pexp(z)), slope


def hardswish() -> Pair:
    def slope(z: float) -> float:
        return 0.0 if z <= -3 else 1.0 if z >= 3 else (2 * z + 3) / 6

    return lambda z: z * _clamp(z + 3, 0, 6) / 6, slope


def relu() -> Pair:
    return _bent(0.0)


def squared_relu() -> Pair:
    return lambda z: max(z, 0.0) ** 2, lambda z: 2 * max(z, 0.0)


def identity() -> Pair:
    return lambda z: z, lambda z: 1.0


_FORMULAS: dict[str, Callable[..., Pair]] = {
    maker.__name__: maker
    for maker in (
        *(sigmoid, hardsigmoid, tanh, hardtanh, softsign),
        *(relu, relu6, leaky_relu, prelu, rrelu, rrelu_paper, rrelu_article, squared_relu),
        *(elu, celu, selu, softplus, gelu, gelu_tanh, silu, mish, hardswish, identity),
    )
} | {"glu": sigmoid, "reglu": relu, "geglu": gelu, "swiglu": silu}

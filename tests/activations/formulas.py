"""The catalogue's functions once more: slow, to 30 digits, from their definitions (mpmath)."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 30

Scalar = Callable[[mp.mpf], mp.mpf]

ALPHA, SCALE = mp.mpf("1.6732632423543772"), mp.mpf("1.0507009873554805")


def bent(slope: object) -> Scalar:
    return lambda z: z if z > 0 else slope * z


def gelu_tanh(z: mp.mpf) -> mp.mpf:
    return z / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)))


def softplus(z: mp.mpf) -> mp.mpf:
    return mp.log1p(mp.exp(z)) if z <= 20 else z  # torch turns linear at its threshold


def clamp(z: mp.mpf, low: float, high: float) -> mp.mpf:
    return min(max(z, mp.mpf(low)), mp.mpf(high))


def sigmoid(z: mp.mpf) -> mp.mpf:
    return 1 / (1 + mp.exp(-z))


FORMULAS: dict[str, Scalar] = {
    "sigmoid": sigmoid,
    "hardsigmoid": lambda z: clamp(z / 6 + mp.mpf(1) / 2, 0, 1),
    "tanh": mp.tanh,
    "hardtanh": lambda z: clamp(z, -1, 1),
    "softsign": lambda z: z / (1 + abs(z)),
    "relu": lambda z: max(z, mp.mpf(0)),
    "relu6": lambda z: clamp(z, 0, 6),
    "leaky_relu": bent(0.01),
    "prelu": bent(0.25),
    "rrelu": bent(mp.mpf(11) / 48),  # (1/8 + 1/3) / 2
    "rrelu_paper": bent(1 / mp.mpf("5.5")),  # (3 + 8) / 2
    "rrelu_article": bent(0),
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "celu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: SCALE * (z if z > 0 else ALPHA * mp.expm1(z)),
    "softplus": softplus,
    "gelu": lambda z: z * mp.ncdf(z),
    "gelu_tanh": gelu_tanh,
    "silu": lambda z: z * sigmoid(z),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "hardswish": lambda z: z * clamp(z + 3, 0, 6) / 6,
    "squared_relu": lambda z: max(z, mp.mpf(0)) ** 2,
    "identity": lambda z: z,
    "glu": sigmoid,
    "reglu": lambda z: max(z, mp.mpf(0)),
    "geglu": lambda z: z * mp.ncdf(z),
    "swiglu": lambda z: z * sigmoid(z),
}

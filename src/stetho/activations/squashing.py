"""Functions with two limits → their records: sigmoid, tanh and their cheaper kin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.activations.spelling import functional, plain, spelled
from stetho.activations.thresholds import SATURATED, require
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor

# σ(1 − σ) = 0.05 · 1/4 where σ = (1 ± √0.95) / 2.
SIGMOID_EDGE = math.log((1 + math.sqrt(1 - SATURATED)) / (1 - math.sqrt(1 - SATURATED)))
TANH_EDGE = math.atanh(math.sqrt(1 - SATURATED))  # 1 − tanh² = 0.05
SOFTSIGN_EDGE = math.sqrt(1 / SATURATED) - 1  # 1 / (1 + |z|)² = 0.05


def _between(z: Tensor, low: float, high: float) -> Tensor:
    """1 strictly between the kinks, 0 at and beyond them, as torch's autograd has it."""
    return ((z > low) & (z < high)).to(z.dtype)


def sigmoid() -> Activation:
    return Activation(
        name="sigmoid",
        title="Sigmoid",
        formula="σ(z) = 1 / (1 + exp(−z))",
        phi=lambda z: z.sigmoid(),
        slope=lambda z: z.sigmoid() * (-z).sigmoid(),  # 1 − σ(z) would round to 0 from z = 37 on
        facts=Function(
            name="sigmoid",
            lower=0.0,
            upper=1.0,
            saturates_below=-SIGMOID_EDGE,
            saturates_above=SIGMOID_EDGE,
            slope_supremum=0.25,
        ),
        slope_formula="σ(z) σ(−z)",
        cost="exponential",
        source="logistic function; as an activation: Rumelhart, Hinton and Williams 1986",
        article="B1: its slope goes to zero at both ends (it is at most 1/4; the article has 1); "
        "B4: early layers of a deep sigmoid network hardly learn; B5: units saturate, and the "
        "weights need many steps to come back.",
        use="As an output (a probability) or a gate; not between the layers of a deep network.",
        torch_names=(
            *spelled("sigmoid", "torch Tensor F", in_place="torch Tensor"),
            *spelled("expit", "special"),
        ),
        modules=("Sigmoid",),
    )


def hardsigmoid() -> Activation:
    return Activation(
        name="hardsigmoid",
        title="Hard sigmoid",
        formula="min(max(z / 6 + 1/2, 0), 1)",
        phi=functional("hardsigmoid"),
        slope=lambda z: _between(z, -3.0, 3.0) / 6,
        facts=Function(
            name="hardsigmoid",
            lower=0.0,
            upper=1.0,
            saturates_below=-3.0,
            saturates_above=3.0,
            flat_below=-3.0,
            flat_above=3.0,
            slope_supremum=1 / 6,
        ),
        slope_formula="1/6 between −3 and 3, 0 elsewhere",
        kinks=(-3.0, 3.0),
        source="Courbariaux, Bengio and David 2015; with these constants: Howard et al. 2019",
        use="A gate without an exponential, for small devices; dead outside ±3.",
        torch_names=spelled("hardsigmoid", "F C", in_place="C"),
        modules=("Hardsigmoid",),
    )


def tanh() -> Activation:
    return Activation(
        name="tanh",
        title="Tanh",
        formula="(exp(z) − exp(−z)) / (exp(z) + exp(−z))",
        phi=lambda z: z.tanh(),
        slope=lambda z: (
            4 * (2 * z).sigmoid() * (-2 * z).sigmoid()
        ),  # = 1 − tanh², without cancellation
        facts=Function(
            name="tanh",
            lower=-1.0,
            upper=1.0,
            zero_centred=True,
            saturates_below=-TANH_EDGE,
            saturates_above=TANH_EDGE,
        ),
        slope_formula="1 − tanh(z)²",
        cost="exponential",
        source="LeCun, Bottou, Orr and Müller 1998, Efficient BackProp",
        use="Where the output must be bounded and centred: recurrent cells, small networks.",
        torch_names=spelled("tanh", "torch Tensor F", in_place="torch Tensor"),
        modules=("Tanh",),
    )


def hardtanh(min_val: float = -1.0, max_val: float = 1.0) -> Activation:
    low, high = float(min_val), float(max_val)
    require("hardtanh", low < high, "min_val < max_val", min_val=low, max_val=high)
    below = low if math.isfinite(low) else None
    above = high if math.isfinite(high) else None
    return Activation(
        name="hardtanh",
        title="Hard tanh",
        formula=f"min(max(z, {plain(low)}), {plain(high)})",
        phi=functional("hardtanh", low, high),
        slope=lambda z: _between(z, low, high),
        facts=Function(
            name="hardtanh",
            parameters=(("min_val", low), ("max_val", high)),
            lower=low,
            upper=high,
            zero_centred=low == -high,
            saturates_below=below,
            saturates_above=above,
            flat_below=below,
            flat_above=above,
        ),
        slope_formula=f"1 between {plain(low)} and {plain(high)}, 0 elsewhere",
        kinks=tuple(edge for edge in (below, above) if edge is not None),
        source="Collobert 2004",
        use="Tanh without an exponential; quantised networks. Dead outside its limits.",
        parameters={"min_val": -1.0, "max_val": 1.0},
        torch_names=spelled("hardtanh", "F C", in_place="F C"),
        modules=("Hardtanh",),
        make=hardtanh,
    )


def softsign() -> Activation:
    return Activation(
        name="softsign",
        title="Softsign",
        formula="z / (1 + |z|)",
        phi=functional("softsign"),
        slope=lambda z: (1 + z.abs()).reciprocal().square(),
        facts=Function(
            name="softsign",
            lower=-1.0,
            upper=1.0,
            zero_centred=True,
            saturates_below=-SOFTSIGN_EDGE,
            saturates_above=SOFTSIGN_EDGE,
        ),
        slope_formula="1 / (1 + |z|)²",
        source="Bergstra, Desjardins, Lamblin and Bengio 2009",
        use="Where tanh saturates too soon: its slope decays as 1/z², not exponentially.",
        torch_names=spelled("softsign", "F"),
        modules=("Softsign",),
    )

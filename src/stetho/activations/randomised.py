"""Parameters → records of the leaky ReLUs whose lower slope is drawn at random in training.

Three forms go by one name (D2), so their names here say which is which. `phi`, `slope` are the
evaluation form, `draw` the training form; limits and thresholds hold in both.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stetho.activations.activation import Activation
from stetho.activations.rectifiers import bent, bent_facts, bent_kinks
from stetho.activations.spelling import Elementwise, functional, plain, spelled
from stetho.activations.thresholds import require
from stetho.record import Function

if TYPE_CHECKING:
    from torch import Tensor


def rrelu(lower: float = 1 / 8, upper: float = 1 / 3) -> Activation:
    low, high = float(lower), float(upper)
    require("rrelu", -math.inf < low <= high < math.inf, "lower ≤ upper", lower=low, upper=high)
    mean = (low + high) / 2
    phi, derivative = bent(mean)
    parameters = (("lower", low), ("upper", high))
    return Activation(
        name="rrelu",
        title="Randomised leaky ReLU (PyTorch)",
        formula=f"z above zero, αz below; α ~ U({plain(low)}, {plain(high)}) in training, "
        f"its mean {plain(mean)} in evaluation",
        phi=phi,
        slope=derivative,
        facts=bent_facts("rrelu", mean, parameters, reach=(low, high)),
        slope_formula="1 above zero, α at and below it",
        kinks=bent_kinks(mean),
        cost="several",
        source="torch.nn.RReLU, which multiplies by U(1/8, 1/3); the mean 11/48 of that is not "
        "the 1/5.5 of Xu et al. 2015",
        article="D2: randomised leaky ReLU (the article's own form is rrelu_article); D3: "
        "randomness is said to help out of local minima and saddle points; D5: gives up "
        "one-sided saturation.",
        use="Where the network overfits: the noise regularises.",
        parameters={"lower": 1 / 8, "upper": 1 / 3},
        random=True,
        draw=functional("rrelu", low, high, training=True),
        draw_moments=(mean, (low * low + low * high + high * high) / 3),
        torch_names=spelled("rrelu", "torch F", in_place="torch F"),
        modules=("RReLU",),
        make=rrelu,
    )


def _ours(name: str, first: float, second: float) -> Elementwise:
    """The training form of a function in `stetho.activations.modules`."""

    def draw(z: Tensor) -> Tensor:
        from stetho.activations import modules

        result: Tensor = getattr(modules, name)(z, first, second, training=True)
        return result

    return draw


def rrelu_paper(lower: float = 3.0, upper: float = 8.0) -> Activation:
    low, high = float(lower), float(upper)
    require("rrelu_paper", 0 < low < high < math.inf, "0 < lower < upper", lower=low, upper=high)
    slope = 2 / (low + high)
    phi, derivative = bent(slope)
    parameters = (("lower", low), ("upper", high))
    return Activation(
        name="rrelu_paper",
        title="Randomised leaky ReLU (paper)",
        formula=f"z above zero, z/a below; a ~ U({plain(low)}, {plain(high)}) in training, "
        f"its mean {plain(1 / slope)} in evaluation",
        phi=phi,
        slope=derivative,
        facts=bent_facts("rrelu_paper", slope, parameters, reach=(1 / high, 1 / low)),
        slope_formula="1 above zero, 1/a at and below it",
        kinks=bent_kinks(slope),
        cost="several",
        source="Xu, Wang, Chen and Li 2015, Empirical Evaluation of Rectified Activations in "
        "Convolutional Network",
        article="D2: the form of the paper that the article cites; D3: that paper finds it better "
        "and faster than plain leaky; D5: gives up one-sided saturation.",
        use="Where the network overfits; the form that the published results speak of.",
        parameters={"lower": 3.0, "upper": 8.0},
        random=True,
        draw=_ours("rrelu_paper", low, high),
        draw_moments=(math.log(high / low) / (high - low), 1 / (low * high)),  # E 1/a, E 1/a²
        make=rrelu_paper,
    )


def rrelu_article(mean: float = 0.0, std: float = 1.0) -> Activation:
    middle, spread = float(mean), float(std)
    fair = math.isfinite(middle) and 0 <= spread < math.inf
    require("rrelu_article", fair, "a finite mean and std ≥ 0", mean=middle, std=spread)
    phi, derivative = bent(middle)
    return Activation(
        name="rrelu_article",
        title="Randomised leaky ReLU (article)",
        formula=f"z above zero, αz below; α ~ N({plain(middle)}, {plain(spread)}²) in training, "
        f"its mean {plain(middle)} in evaluation",
        phi=phi,
        slope=derivative,
        facts=_article_facts(middle, spread),
        slope_formula="1 above zero, α at and below it",
        kinks=bent_kinks(middle),
        cost="several",
        source="the article that this project implements; no paper has this form",
        article="D2: draws α from a normal with mean 0 and deviation 1; D3: randomness is said to "
        "help out of local minima and saddle points; D5: gives up one-sided saturation.",
        use="To see what the article says, measured. Half of its slopes are negative, and with "
        "mean 0 it evaluates as a ReLU that it was not trained as.",
        parameters={"mean": 0.0, "std": 1.0},
        random=True,
        draw=_ours("rrelu_article", middle, spread),
        draw_moments=(middle, middle**2 + spread**2),
        make=rrelu_article,
    )


def _article_facts(mean: float, std: float) -> Function:
    """Training may draw any slope, so nothing below zero is saturated unless std is 0."""
    reach = (-math.inf, math.inf) if std > 0 else (mean, mean)
    return bent_facts("rrelu_article", mean, (("mean", mean), ("std", std)), reach=reach)

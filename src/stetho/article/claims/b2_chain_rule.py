"""B2: the gradient is a product of slopes and weights, one of each a neuron."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stetho import activations, check
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import exact, geometric_mean, mean
from stetho.article.networks import linears, mlp, rms
from stetho.diagnose.view import RunView, Span
from stetho.record import Measure, Picture
from stetho.theory import MeanField

DEPTH, WIDTH, SAMPLES = 8, 64, 256
ROUNDING = 1e-9  # relative; 8 products in double precision are exact to about 1e-15


@dataclass(frozen=True)
class ChainRule(AbstractClaim):
    """Two stacks of 8 sigmoid layers: one of single neurons, as the article draws it, and one of 64
    units a layer, on scikit-learn's digits. The forward pass gives each neuron's slope φ'(z) by its
    formula; slopes and weights alone are multiplied (in the wide stack: a diagonal matrix and a
    matrix a layer) and held against the gradient that autograd gives, in double precision. Then
    `stetho.check` tells the part of the slopes from that of the weights in the wide stack."""

    id: ClassVar[str] = "B2"
    title: ClassVar[str] = "The chain rule"
    says: ClassVar[str] = (
        "In a stack of neurons the gradient at the front is a product of one factor a neuron, each "
        "of them the slope of the activation function times a weight."
    )
    criterion: ClassVar[str] = (
        "In the stack of single neurons and in the wide one, the product of slopes and weights is "
        f"autograd's gradient, to one part in {1 / ROUNDING:g}, in every seed and sample."
    )
    take_away: ClassVar[str] = (
        "Both factors count: the gradient keeps its size where slope times weight is near 1 a "
        "layer. Measure the two apart, as their remedies differ: another function for the slope, "
        "another scale of the initial weights for the rest. A skip connection adds a path that "
        "neither touches."
    )

    function: str = "sigmoid"
    skip: bool = False  # each layer's input is added to its output

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        spans, autograd = zip(*(self._watched(seed) for seed in seeds), strict=True)
        return Measured(
            (
                exact(
                    "error of the product, single neurons",
                    max(self._error(1, seed) for seed in seeds),
                    at_most=ROUNDING,
                ),
                exact(
                    "error of the product, 64 units a layer",
                    max(self._error(WIDTH, seed) for seed in seeds),
                    at_most=ROUNDING,
                ),
                *self._parts(spans),
                geometric_mean(
                    "product of stetho's factors over autograd's gradient",
                    [span.total / curve[0] for span, curve in zip(spans, autograd, strict=True)],
                    expected=1.0,
                ),
            ),
            (_drawn(spans, autograd),),
            seeds,
        )

    def _error(self, width: int, seed: int) -> float:
        """Largest relative difference of any sample between the product and autograd's gradient."""
        a = self._inputs(width, seed).requires_grad_()
        layers = linears(_stack(self.function, width, seed).double())[:DEPTH]
        slope = activations.get(self.function).slope
        out, factors = a, []
        for layer in layers:
            z = layer(out)
            out = activations.get(self.function).phi(z) + (out if self.skip else 0)
            factors.append((slope(z.detach()), layer.weight.detach()))
        (expected,) = torch.autograd.grad(out.sum(), a)
        product = multiplied(factors)
        apart = (product - expected).norm(dim=1) / expected.norm(dim=1)
        return float(apart.max())

    def _inputs(self, width: int, seed: int) -> Tensor:
        if width == WIDTH:
            return data.load(seed=seed).x[:SAMPLES].double()
        draw = torch.Generator().manual_seed(seed)
        return torch.randn(SAMPLES, width, generator=draw, dtype=torch.float64)

    def _watched(self, seed: int) -> tuple[Span, list[float]]:
        """Factors as stetho measures them; by autograd, ∂L/∂z by layer over ∂L/∂a of the last."""
        split = data.load(seed=seed)
        x, y = split.x[:SAMPLES], split.y[:SAMPLES]
        model = _stack(self.function, WIDTH, seed)
        run = check(model, (x, y), F.cross_entropy).run
        span = RunView(run).span(run.sites)
        assert span is not None, "a check-up sees the gradient at every site"
        kept: list[Tensor] = []
        for part in model:
            x = part(x)
            kept.append(x)
        gradients = torch.autograd.grad(F.cross_entropy(x, y), kept)
        downs, last = [rms(gradient) for gradient in gradients[:-1:2]], rms(gradients[-2])
        return span, [down / last for down in downs]

    def _parts(self, spans: tuple[Span, ...]) -> tuple[Measure, ...]:
        field = MeanField(activations.get(self.function), 1 / 3, 1 / (3 * WIDTH))
        slope = math.sqrt(field.slope(field.fixed_point()) / field.sigma_w2)
        return (
            geometric_mean(
                "gradient at the first of 8 layers over the last", [span.total for span in spans]
            ),
            geometric_mean(
                "slope factor a layer",
                [math.prod(span.slopes) ** (1 / len(span.slopes)) for span in spans],
                expected=slope,
            ),
            geometric_mean(
                "weight factor a layer",
                [math.prod(span.weights) ** (1 / len(span.weights)) for span in spans],
                expected=math.sqrt(field.sigma_w2),
            ),
            mean(
                "part of the slopes in the shrinkage",
                [span.shares(shrinking=True)["slope"] for span in spans],
                unit="%",
            ),
        )

    @classmethod
    def sabotaged(cls) -> ChainRule:
        return cls(skip=True)


def multiplied(factors: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Gradient of the sum of a stack's outputs at its input, of each sample.

    Args:
        factors: by layer, slopes (samples, units) and weight (units, units before).
    """
    product = torch.ones_like(factors[-1][0])
    for slope, weight in reversed(factors):
        product = (product * slope) @ weight
    return product


def _stack(function: str, width: int, seed: int) -> nn.Sequential:
    return mlp(function, DEPTH, width, seed=seed, inputs=width)


def _drawn(spans: tuple[Span, ...], autograd: tuple[list[float], ...]) -> Picture:
    places = range(1, DEPTH + 1)
    slopes = [_from_behind(span.slopes) for span in spans]
    weights = [_from_behind((*span.weights, 1.0)) for span in spans]
    products = [[s * w for s, w in zip(*pair)] for pair in zip(slopes, weights)]
    return Picture(
        title="What shrinks the gradient",
        caption="From the last layer (right) back to the first. Slopes and weights multiply to "
        "what "
        "autograd gives; each alone shows its part. Bands: all seeds.",
        x="hidden layer",
        y="∂L/∂z over ∂L/∂a of the last layer",
        series=(
            over_seeds("slopes alone", places, slopes),
            over_seeds("weights alone", places, weights),
            over_seeds("slopes × weights", places, products),
            over_seeds("autograd", places, autograd, points=True),
        ),
        log_y=True,
    )


def _from_behind(factors: tuple[float, ...]) -> list[float]:
    """At each layer, the product of its factor and of all behind it."""
    return list(accumulate(reversed(factors), mul))[::-1]

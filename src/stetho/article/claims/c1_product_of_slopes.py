"""C1: ReLU's slope is 1 or 0, so a product of slopes along a path is 0 or 1 and does not decay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.hidden import hidden
from stetho.article.networks import mlp
from stetho.article.training import sgd, train
from stetho.record import Picture, SiteStats
from stetho.theory import MeanField, gain, moments

DEPTH, WIDTH, SAMPLES = 20, 128, 256
PATHS = 2_000  # a network
KEPT = 0.9  # of the squared gradient, a layer: above, it counts as not decaying


@dataclass(frozen=True)
class ProductOfSlopes(AbstractClaim):
    """Networks with 20 hidden layers of 128 units look at 256 digits of scikit-learn, untrained.
    2,000 paths are drawn in each network (one sample, one unit a layer), and the slopes along each
    are multiplied. Then the gradient itself: which part of its square do the slopes of a layer let
    through, and what is left of it a layer when the weights are drawn by He's rule?"""

    id: ClassVar[str] = "C1"
    title: ClassVar[str] = "Products of ReLU's slopes"
    says: ClassVar[str] = (
        "ReLU's slope is 1 above zero and 0 below, so that a product of slopes is 0 or 1: the "
        "gradient does not decay on its way back."
    )
    criterion: ClassVar[str] = (
        "The product of slopes is 0 or 1 along every path through 20 layers; the slopes of a layer "
        f"let at least {KEPT:.0%} of the squared gradient through; and with He's weights, which "
        f"make up for what the slopes take, at least {KEPT:.0%} of it is left a layer."
    )
    take_away: ClassVar[str] = (
        "Along one path ReLU's slopes cost nothing, but half of the paths are cut in each layer: "
        "the squared gradient halves a layer. Draw the weights by He's rule, which doubles it "
        "again; torch's default for linear layers does not."
    )

    function: str = "relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(20, 6)
        products = [self._products(seed) for seed in seeds]
        he, torch_init = ([self._sites(seed, init) for seed in seeds] for init in ("he", "torch"))
        record = activations.get(self.function)
        slope = moments(record).slope
        return Measured(
            (
                mean(
                    f"paths of {DEPTH} layers whose product of slopes is 0 or 1",
                    [_zero_or_one(product[-1]) for product in products],
                    at_least=1.0,
                    unit="%",
                ),
                geometric_mean(
                    "squared gradient that the slopes of a layer let through",
                    [_let_through(sites) for sites in he],
                    at_least=KEPT,
                    expected=slope,
                ),
                geometric_mean(
                    "squared gradient left a layer, He's weights",
                    [_left(sites) for sites in he],
                    at_least=KEPT,
                    expected=gain(record) ** 2 * slope,
                ),
                geometric_mean(
                    "squared gradient left a layer, torch's default weights",
                    [_left(sites) for sites in torch_init],
                    expected=_left_by_theory(record),
                ),
            ),
            (_paths_drawn(products), _gradients_drawn(he, torch_init)),
            seeds,
        )

    def _products(self, seed: int) -> list[Tensor]:
        """The product of slopes along each path, after 1, 2, … layers."""
        model = mlp(self.function, DEPTH, WIDTH, seed=seed, init="he")
        record = activations.get(self.function)
        draw = torch.Generator().manual_seed(seed)
        x = data.load(seed=seed).x[:SAMPLES]
        rows = torch.randint(len(x), (PATHS,), generator=draw)
        product, products = torch.ones(PATHS), []
        for layer in hidden(model, x):
            units = torch.randint(WIDTH, (PATHS,), generator=draw)
            product = product * record.slope(layer.z[rows, units])
            products.append(product)
        return products

    def _sites(self, seed: int, init: str) -> list[SiteStats]:
        """What stetho measures at each site in one step that moves nothing."""
        model = mlp(self.function, DEPTH, WIDTH, seed=seed, init=init)
        split = data.load(seed=seed)
        step = train(model, split, steps=1, optimizer=sgd(0.0), seed=seed, batch=SAMPLES, every=1)
        assert step.result is not None, "this step was watched"
        run = step.result.run
        return [run.probes[0].sites[site.name] for site in run.sites]

    @classmethod
    def sabotaged(cls) -> ProductOfSlopes:
        return cls(function="sigmoid")


def _zero_or_one(product: Tensor) -> float:
    return float(((product == 0) | (product == 1)).double().mean())


def _let_through(sites: Sequence[SiteStats]) -> float:
    """Geometric mean over the layers of the squared slope factor."""
    return math.exp(2 * sum(math.log(site.slope_factor) for site in sites) / len(sites))


def _left(sites: Sequence[SiteStats]) -> float:
    """The squared gradient at the first site over the last, as a factor a layer."""
    return float((sites[0].down_rms / sites[-1].down_rms) ** (2 / (len(sites) - 1)))


def _left_by_theory(record: activations.Activation) -> float:
    """χ where the length of z has come to rest; torch draws from U(±1/√fan-in)."""
    variance = 1 / 3
    field = MeanField(record, variance, variance / WIDTH)
    return field.slope(field.fixed_point())


def _paths_drawn(products: Sequence[Sequence[Tensor]]) -> Picture:
    open_paths = [[float((one == 1).double().mean()) for one in product] for product in products]
    layers = range(1, DEPTH + 1)
    return Picture(
        title="Paths that are open",
        caption="The share of paths along which every slope is 1. Where it is not 1 it is 0: "
        "each layer "
        "cuts half of what is left.",
        x="layers that the path runs through",
        y="share of paths with a product of 1",
        series=(
            over_seeds("measured", layers, open_paths),
            over_seeds("one half a layer", layers, [[0.5**layer for layer in layers]]),
        ),
    )


def _gradients_drawn(
    he: Sequence[Sequence[SiteStats]], torch_init: Sequence[Sequence[SiteStats]]
) -> Picture:
    def relative(runs: Sequence[Sequence[SiteStats]]) -> list[list[float]]:
        return [[site.down_rms / sites[-1].down_rms for site in sites] for sites in runs]

    layers = range(1, DEPTH + 1)
    return Picture(
        title="The gradient on its way back",
        caption="Relative to the last layer (right). With He's weights it arrives at the first "
        "layer, "
        "with torch's default weights it does not. Band: all seeds.",
        x="hidden layer",
        y="rms of ∂L/∂z over that of the last layer",
        series=(
            over_seeds("He's weights", layers, relative(he)),
            over_seeds("torch's default", layers, relative(torch_init)),
        ),
        log_y=True,
    )

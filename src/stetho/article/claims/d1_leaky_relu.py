"""D1: a leaky ReLU leaves no unit dead, and its two signs end one-sign updates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.data import Split
from stetho.article.estimates import exact, mean
from stetho.article.networks import mlp
from stetho.article.training import sgd, train
from stetho.record import Measure, ParameterStats, Picture, Series

DEPTH, WIDTH, LOWERED, STEPS, LOOKS = 2, 64, 32, 160, 20
LARGE, AFTER = 10.0, 40  # learning rate of the one large step, and the steps after it
FEW = 0.01  # of the units, or of the rows of a weight: as good as none
HALF = 0.5


@dataclass(frozen=True)
class LeakyReLU(AbstractClaim):
    """The slope in closed form. Then a network with 2 hidden layers of 64 units (He's weights)
    learns scikit-learn's digits by gradient descent with momentum (0.1 and 0.9, batches of 64), in
    two ways. Low bias: 32 units of the first layer begin with a bias a tenth below what would
    silence them on all of the training data, and 160 steps follow. Large step: the first step has a
    learning rate of 10, and 40 usual ones follow. A unit without gradient is one that lies on a
    slope of exactly 0 for all of the training data: of the first layer after a low bias, of the
    second after a large step. Signs are those of the gradient of the second layer's weights for one
    sample; balance is |sum| over sum of sizes, for each unit's incoming weights: 1 if all have one
    sign."""

    id: ClassVar[str] = "D1"
    title: ClassVar[str] = "Leaky ReLU keeps units alive"
    says: ClassVar[str] = (
        "Leaky ReLU has a small slope below zero, usually 0.01. So no unit dies, and as its "
        "outputs have both signs, the incoming weights of a unit no longer have to move in one "
        "direction."
    )
    criterion: ClassVar[str] = (
        f"The least slope is above 0; at most {FEW:.0%} of the units have no gradient, after a "
        f"low bias and after a large step; and at least {HALF:.0%} of the units that a low bias "
        f"has put below zero come back. For one sample, at most {FEW:.0%} of the units have "
        f"incoming gradients of one sign, and the mean balance of their signs is at most {HALF:g}."
    )
    take_away: ClassVar[str] = (
        "With a slope of 0.01 a unit always has some gradient, but a hundredth of it: a unit "
        "that is far below zero comes back slowly or not at all, and updates stay almost of one "
        "sign. If either is your trouble, take a slope of 0.1 or more, or mend the bias and the "
        "learning rate."
    )

    function: str = "leaky_relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        low, large = [], []
        signs: list[ParameterStats] = []
        for seed in seeds:
            split = data.load(seed=seed)
            low.append(_low_bias(self._network(seed), split, seed))
            large.append(_large_step(self._network(seed), split, seed))
            signs.append(_signs(self._network(seed), split, seed))
        steps = tuple(range(0, STEPS + 1, LOOKS))
        compared = {
            label: _low_bias(self._network(seeds[0], name), data.load(seed=seeds[0]), seeds[0])
            for label, name in COMPARED.items()
        }
        return Measured(
            (
                self._least_slope(),
                mean(
                    "units without gradient after a low bias",
                    [m.cut for m in low],
                    at_most=FEW,
                    unit="%",
                ),
                mean("units without gradient after a large step", large, at_most=FEW, unit="%"),
                mean(
                    "units put below zero that came back",
                    [1 - m.below[-1] for m in low],
                    at_least=HALF,
                    unit="%",
                ),
                mean(
                    "units with gradients of one sign, one sample",
                    [stats.one_sign for stats in signs],
                    at_most=FEW,
                    unit="%",
                ),
                mean(
                    "balance of the signs, one sample",
                    [stats.balance for stats in signs],
                    at_most=HALF,
                ),
                *(
                    exact(f"came back with {label} (one seed)", 1 - lowered.below[-1], unit="%")
                    for label, lowered in compared.items()
                ),
            ),
            (
                Picture(
                    title="Units that a low bias has put below zero",
                    caption="A slope of 0.01 keeps a gradient, but only a steeper one, if any, "
                    "brings "
                    "units back in this time.",
                    x="training step",
                    y="share of them below zero on all data",
                    series=tuple(Series(label, steps, m.below) for label, m in compared.items()),
                ),
            ),
            seeds,
        )

    def _network(self, seed: int, function: str = "") -> nn.Sequential:
        return mlp(function or self.function, DEPTH, WIDTH, seed=seed, init="he")

    def _least_slope(self) -> Measure:
        z = torch.linspace(-20, 20, 4_001, dtype=torch.float64)
        slope = float(activations.get(self.function).slope(z).min())
        return exact("least slope", slope, at_least=1e-6, expected=0.01)

    @classmethod
    def sabotaged(cls) -> LeakyReLU:
        return cls(function="relu")


COMPARED = {
    "ReLU": "relu",
    "slope 0.01": "leaky_relu",
    "slope 0.1": "leaky_relu:negative_slope=0.1",
    "slope 0.3": "leaky_relu:negative_slope=0.3",
}


@dataclass(frozen=True)
class _Lowered:
    """What became of units that began below zero."""

    cut: float  # share of the layer's units that lie on a slope of 0 for all data
    below: tuple[float, ...]  # share of the lowered units with z < 0 for all data, by step


def _low_bias(model: nn.Sequential, split: Split, seed: int) -> _Lowered:
    layer = model[0]
    assert isinstance(layer, nn.Linear)
    below: list[float] = []

    def look(step: int) -> None:
        if (step + 1) % LOOKS == 0:
            below.append(_share_below(layer, split.x))

    with torch.no_grad():
        layer.bias[:LOWERED] -= 1.1 * layer(split.x).amax(0)[:LOWERED]
    look(-1)
    train(model, split, steps=STEPS, optimizer=sgd(0.1, 0.9), seed=seed, after=look)
    return _Lowered(_without_gradient(model, split, 0), tuple(below))


def _large_step(model: nn.Sequential, split: Split, seed: int) -> float:
    """Share of the second layer's units that have no gradient at the end."""
    train(model, split, steps=1, optimizer=sgd(LARGE), seed=seed)
    train(model, split, steps=AFTER, optimizer=sgd(0.1, 0.9), seed=seed)
    return _without_gradient(model, split, 1)


def _share_below(layer: nn.Linear, x: Tensor) -> float:
    with torch.no_grad():
        return float((layer(x)[:, :LOWERED] <= 0).all(0).float().mean())


def _without_gradient(model: nn.Sequential, split: Split, place: int) -> float:
    """Share of a layer's units that are on a flat side for all data, by stetho's count."""
    seen = train(model, split, steps=1, batch=len(split.x), optimizer=sgd(0.0), seed=0, every=1)
    assert seen.result is not None
    run = seen.result.run
    return run.probes[0].sites[run.sites[place].name].silent


def _signs(model: nn.Sequential, split: Split, seed: int) -> ParameterStats:
    one = replace(split, x=split.x[:1], y=split.y[:1])
    seen = train(model, one, steps=1, optimizer=sgd(0.0), seed=seed, every=1)
    assert seen.result is not None
    return seen.result.run.probes[0].parameters["linear1.weight"]

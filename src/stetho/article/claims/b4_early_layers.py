"""B4: in a deep sigmoid network the early layers hardly learn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import linears, mlp, rms
from stetho.article.training import Training, sgd, train
from stetho.record import NAN, Picture
from stetho.theory import MeanField

DEPTH, WIDTH, STEPS = 8, 64, 400
FAR_LESS = 0.01  # the first layer's way over the last one's
CHANCE = 0.2  # accuracy: twice what guessing one of ten digits gives


@dataclass(frozen=True)
class EarlyLayersHardlyLearn(AbstractClaim):
    """A network with 8 hidden layers of 64 units learns scikit-learn's digits by plain gradient
    descent (learning rate 0.1, 400 steps on batches of 64). How far have the weights of each layer
    moved from where they began, relative to their size (rms of the change / rms at the start)?"""

    id: ClassVar[str] = "B4"
    title: ClassVar[str] = "Early layers hardly learn"
    says: ClassVar[str] = (
        "In a deep network of sigmoids the early layers do not learn, or learn far slower than the "
        "late ones."
    )
    criterion: ClassVar[str] = (
        f"The first hidden layer moves less than {FAR_LESS:g} times as far as the last one, and "
        f"the network is no better than {CHANCE:.0%} right on digits that it was not trained on."
    )
    take_away: ClassVar[str] = (
        "Look at how far each layer moves, not at the loss alone: the last layers can move a good "
        "deal while the first ones, which see the data, stay where chance has put them."
    )

    function: str = "sigmoid"
    init: str = "torch"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        moves, gradients, accuracies = [], [], []
        for seed in seeds:
            model = mlp(self.function, DEPTH, WIDTH, seed=seed, init=self.init)
            before = [layer.weight.detach().clone() for layer in linears(model)]
            split = data.load(seed=seed)
            trained = train(model, split, steps=STEPS, optimizer=sgd(0.1), seed=seed, every=STEPS)
            moves.append(_moves(before, [layer.weight.detach() for layer in linears(model)]))
            gradients.append(_gradients(trained))
            accuracies.append(trained.accuracy)
        return Measured(
            (
                geometric_mean(
                    "way of the first hidden layer over the last",
                    [move[0] / move[DEPTH - 1] for move in moves],
                    at_most=FAR_LESS,
                ),
                mean("accuracy on the test part", accuracies, at_most=CHANCE, unit="%"),
                geometric_mean(
                    "gradient at the first hidden layer over the last, at the start",
                    [gradient[0] / gradient[-1] for gradient in gradients],
                    expected=self._gradient_by_theory(),
                ),
            ),
            (_moves_drawn(moves), _gradients_drawn(gradients)),
            seeds,
        )

    def _gradient_by_theory(self) -> float:
        """Of a wide network: √χ a layer, where the length of z has come to rest."""
        if self.init != "torch":
            return NAN
        variance = 1 / 3  # of a uniform draw from ±1, which torch divides by the fan-in
        field = MeanField(activations.get(self.function), variance, variance / WIDTH)
        return math.sqrt(field.slope(field.fixed_point())) ** (DEPTH - 1)

    @classmethod
    def sabotaged(cls) -> EarlyLayersHardlyLearn:
        return cls(function="relu", init="he")


def _moves(before: list[Tensor], after: list[Tensor]) -> list[float]:
    return [rms(new - old) / rms(old) for old, new in zip(before, after)]


def _gradients(trained: Training) -> list[float]:
    """∂L/∂z by hidden layer, in the first step."""
    assert trained.result is not None, "this training was watched"
    run = trained.result.run
    return [run.probes[0].sites[site.name].down_rms for site in run.sites]


def _moves_drawn(moves: list[list[float]]) -> Picture:
    return Picture(
        title="How far each layer has moved",
        caption="From input (left) to output: the early layers stay where they began. Band: all "
        "seeds.",
        x="layer, the last one the output",
        y="change of the weights / their size at the start",
        series=(over_seeds("weights", range(1, DEPTH + 2), moves),),
        log_y=True,
    )


def _gradients_drawn(gradients: list[list[float]]) -> Picture:
    return Picture(
        title="The gradient on its way back",
        caption="In the first step: each layer towards the input (left) is sent a part of what "
        "the layer "
        "after it has. Band: all seeds.",
        x="hidden layer",
        y="rms of ∂L/∂z",
        series=(over_seeds("gradient", range(1, DEPTH + 1), gradients),),
        log_y=True,
    )

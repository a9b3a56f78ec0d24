"""B4: in a deep sigmoid network the early layers hardly learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import linears, mlp, rms
from stetho.article.training import sgd, train
from stetho.record import Picture, Series

DEPTH, WIDTH = 8, 64
FAR_LESS = 0.01  # the first layer's way over the last one's
CHANCE = 0.2  # accuracy: twice what guessing one of ten digits gives


@dataclass(frozen=True)
class EarlyLayersHardlyLearn(AbstractClaim):
    """A network with 8 hidden layers of 64 units learns scikit-learn's digits by plain gradient
    descent (learning rate 0.1, batches of 64). How far have the weights of each layer moved from
    where they began, relative to their size (rms of the change / rms at the start)?"""

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
        moves, accuracies = [], []
        for seed in seeds:
            model = mlp(self.function, DEPTH, WIDTH, seed=seed, init=self.init)
            before = [layer.weight.detach().clone() for layer in linears(model)]
            trained = train(model, data.load(seed=seed), steps=400, optimizer=sgd(0.1), seed=seed)
            moves.append(_moves(before, [layer.weight.detach() for layer in linears(model)]))
            accuracies.append(trained.accuracy)
        ratios = [move[0] / move[DEPTH - 1] for move in moves]
        layers = tuple(range(1, DEPTH + 2))
        return Measured(
            (
                geometric_mean(
                    "way of the first hidden layer over the last", ratios, at_most=FAR_LESS
                ),
                mean("accuracy on the test part", accuracies, at_most=CHANCE, unit="%"),
            ),
            (
                Picture(
                    "How far each layer has moved",
                    "From input (left) to output: the early layers stay where they began.",
                    "layer",
                    "change of the weights / their size at the start",
                    tuple(
                        Series(f"seed {seed}", layers, tuple(move))
                        for seed, move in zip(seeds, moves)
                    ),
                    log_y=True,
                ),
            ),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> EarlyLayersHardlyLearn:
        return cls(function="relu", init="he")


def _moves(before: list[Tensor], after: list[Tensor]) -> list[float]:
    return [rms(new - old) / rms(old) for old, new in zip(before, after)]

"""A2: inputs that are far from normal make a network overfit one region of its input space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.data import Split
from stetho.article.estimates import mean
from stetho.article.networks import mlp
from stetho.article.shapes import exchanged, principal, shaped
from stetho.article.training import sgd, train
from stetho.record import Measure, Picture, Series

COMPONENTS, DEPTH, WIDTH, STEPS = 30, 2, 64, 300
WORSE = 0.01  # accuracy, one in a hundred
FEW = 0.05  # share of the samples: a region
MOST = 0.5  # of what a unit passes on in all, from these samples, if it sees only a region
MANY = 0.05  # share of the units


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the training on one shape went."""

    error: float  # on the test part
    gap: float  # that error less the one on the training part
    central: float  # error on the half of it that is nearest to the middle
    outlying: float  # on the other half
    narrow: float  # share of the units of the first layer that see only a region


@dataclass(frozen=True)
class NormalInputs(AbstractClaim):
    """Scikit-learn's digits along their 30 principal axes, a quarter of them for training and the
    rest for the test, so that errors are many. Along each axis the order of the samples is kept,
    but they are spread as a normal distribution, as a skewed one (lognormal) or as one with heavy
    tails, always of mean 0 and deviation 1. Networks with 2 layers of 64 ReLUs and the same weights
    learn each (rate 0.05, 300 steps on batches of 64). The test part is split into the half near
    the middle and the outlying half, by the normal spread, alike for all shapes."""

    id: ClassVar[str] = "A2"
    title: ClassVar[str] = "Inputs close to normal"
    says: ClassVar[str] = (
        "What enters a layer should be close to normal; if it is not, the network may overfit one "
        "region of its input space."
    )
    criterion: ClassVar[str] = (
        "Beside the normal spread, with the skewed and with the heavy-tailed one: the error on the "
        f"test part exceeds that on the training part by at least {WORSE:.0%} more; the outlying "
        f"half has at least {WORSE:.0%} more errors than the central one has, again beyond normal; "
        f"and at least {MANY:.0%} more of the units of the first layer get more than {MOST:.0%} of "
        f"what they pass on from {FEW:.0%} of the samples."
    )
    take_away: ClassVar[str] = (
        "Look at skewness and tails of the inputs, not at mean and deviation alone: a logarithm or "
        "ranks of a long-tailed feature cost nothing. Being normal is not needed as such; what "
        "hurts is that a few far samples take up the scale and the rest lie close together. Units "
        "still see all regions, as each adds up many inputs."
    )

    shapes: tuple[str, ...] = ("skewed", "heavy-tailed")

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(12, 5)
        usual = [_outcome("normal", seed) for seed in seeds]
        others = {shape: [_outcome(shape, seed) for seed in seeds] for shape in self.shapes}
        asked = [m for shape, of in others.items() for m in _compared(shape, usual, of)]
        return Measured(
            (*asked, mean("error on the test part, normal", [o.error for o in usual], unit="%")),
            (_drawn(usual, others),),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> NormalInputs:
        return cls(shapes=("normal",))


def _compared(shape: str, usual: Sequence[Outcome], other: Sequence[Outcome]) -> list[Measure]:
    pairs = list(zip(usual, other, strict=True))
    return [
        mean(
            f"error on the test part less the training part's, {shape} less normal",
            [b.gap - a.gap for a, b in pairs],
            at_least=WORSE,
            unit="%",
        ),
        mean(
            f"error outside less error in the middle, {shape} less normal",
            [(b.outlying - b.central) - (a.outlying - a.central) for a, b in pairs],
            at_least=WORSE,
            unit="%",
        ),
        mean(
            f"units that see only a region, {shape} less normal",
            [b.narrow - a.narrow for a, b in pairs],
            at_least=MANY,
            unit="%",
        ),
        mean(
            f"error on the test part, {shape} less normal",
            [b.error - a.error for a, b in pairs],
            unit="%",
        ),
    ]


def _outcome(shape: str, seed: int) -> Outcome:
    plain = principal(exchanged(data.load(seed=seed)), COMPONENTS)
    split = shaped(plain, shape)
    model = mlp("relu", DEPTH, WIDTH, seed=seed, inputs=COMPONENTS, init="he")
    trained = train(model, split, steps=STEPS, optimizer=sgd(0.05), seed=seed)
    with torch.no_grad():
        wrong = (model(split.x_test).argmax(1) != split.y_test).double()
        first = model[:2](split.x)
    far = _outlying(plain)
    return Outcome(
        float(wrong.mean()),
        float(wrong.mean()) - (1 - trained.training_accuracy),
        float(wrong[~far].mean()),
        float(wrong[far].mean()),
        _narrow(first),
    )


def _narrow(activations: Tensor) -> float:
    """Share of units of which a few samples make up most of what they pass on.

    Of a normal pre-activation the top 5 % of the samples make up 26 % of what ReLU passes on.
    """
    top = activations.sort(0, descending=True).values[: round(FEW * len(activations))]
    return float((top.sum(0) > MOST * activations.sum(0)).double().mean())


def _outlying(plain: Split) -> Tensor:
    """The half of the test part that is furthest out, in the normal spread."""
    distance = shaped(plain, "normal").x_test.norm(dim=1)
    far: Tensor = distance > distance.median()
    return far


def _drawn(usual: Sequence[Outcome], others: dict[str, list[Outcome]]) -> Picture:
    shapes: dict[str, Sequence[Outcome]] = {"normal": usual, **others}
    places = tuple(range(len(shapes)))

    def series(name: str, field: str) -> Series:
        of = [
            mean(name, [getattr(outcome, field) for outcome in outcomes])
            for outcomes in shapes.values()
        ]
        value, low, high = ([getattr(m, end) for m in of] for end in ("value", "low", "high"))
        return Series(name, places, tuple(value), tuple(low), tuple(high), points=True)

    return Picture(
        title="Errors by shape of the inputs",
        caption="The same samples in the same order along each axis, spread differently. Bars: "
        "95 % "
        "intervals over seeds.",
        x="distribution of the inputs",
        y="share of the test part that is wrong",
        series=(series("middle half", "central"), series("outlying half", "outlying")),
        ticks=tuple(shapes),
    )

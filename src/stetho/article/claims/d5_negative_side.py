"""D5: leaky, randomised and parametric ReLU give up one-sided saturation and its benefits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

import torch
from torch import nn

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.hidden import hidden
from stetho.article.networks import mlp
from stetho.article.passing import between_classes, likeness, within_classes
from stetho.article.training import sgd, train
from stetho.record import Measure, Picture, Series

DEPTH, WIDTH, STEPS = 3, 64, 200
REACH = 3.0  # deviations at which inputs are cut off
FAR = -20.0  # a pre-activation far below zero
SLOPE = 0.001  # of a function that still tells one such pre-activation from another
ZEROS = 0.01  # share of exact zeros below which a layer is not sparse
MORE = 1.1  # a tenth: less is not worth a claim


@dataclass(frozen=True)
class Kept:
    """One trained network, on test digits; means over its hidden layers but where said."""

    slope: float  # between z = FAR and FAR + 1
    zeros: float  # share of activations that are exactly 0
    rest: float  # variance between the classes over that within them, last hidden layer
    likeness: float  # mean |correlation| between units


@dataclass(frozen=True)
class GivesUpSaturation(AbstractClaim):
    """Networks with 3 hidden layers of 64 units learn scikit-learn's digits with ReLU and with each
    of the three (torch's RReLU; PReLU with one learned slope a layer), from the same draws of
    weights. Does the function still rise at z = -20? Then the benefits that are claimed for a flat
    negative side: exact zeros, units that are little correlated, and a last hidden layer in which
    the classes stand out from other differences between digits, each on test digits and held
    against the network with ReLU."""

    id: ClassVar[str] = "D5"
    title: ClassVar[str] = "Giving up one-sided saturation"
    says: ClassVar[str] = (
        "Leaky, randomised and parametric ReLU all give up ReLU's saturation on the negative side, "
        "and with it what that is good for."
    )
    criterion: ClassVar[str] = (
        f"Of each of them: the slope at z = {FAR:g} is at least {SLOPE:g}; at most {ZEROS:.0%} of "
        f"its activations are 0; the classes stand out at most {1 / MORE:.2g} times as much as "
        f"with ReLU; and its units are at least {MORE:g} times as correlated."
    )
    take_away: ClassVar[str] = (
        "None of the three saturates, and none gives exact zeros. What that costs depends on the "
        "slope: with 0.01 the network behaves like one with ReLU, with 0.2 or more its units "
        "are more alike and pass on more of what does not tell the class."
    )

    functions: tuple[str, ...] = ("leaky_relu", "rrelu", "prelu")

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(10, 3)
        names = ("relu", *self.functions, *(() if setting.quick else ("elu",)))
        kept = {name: [_kept(name, seed) for seed in seeds] for name in names}
        asked = [
            measure
            for name in self.functions
            for measure in _held_against(name, kept[name], kept["relu"])
        ]
        return Measured((*asked, *_to_be_read(kept)), _drawn(kept), seeds)

    @classmethod
    def sabotaged(cls) -> GivesUpSaturation:
        return cls(functions=("relu",))  # flat below zero


def _kept(name: str, seed: int) -> Kept:
    split = data.load(seed=seed, reach=REACH)
    model = mlp(name, DEPTH, WIDTH, seed=seed, init="he")
    train(model, split, steps=STEPS, optimizer=sgd(0.05, 0.9), seed=seed)
    layers = hidden(model, split.x_test)
    return Kept(
        _slope_far_below(model),
        fmean(float((layer.a == 0).float().mean()) for layer in layers),
        between_classes(layers[-1].a, split.y_test) / within_classes(layers[-1].a, split.y_test),
        fmean(likeness(layer.a) for layer in layers),
    )


def _slope_far_below(model: nn.Sequential) -> float:
    """Of the hidden functions as they are after training, the flattest one."""
    ends = torch.tensor([FAR, FAR + 1])
    functions = [part for part in model.eval() if not isinstance(part, nn.Linear)]
    with torch.no_grad():
        return min(float(function(ends).diff().abs()) for function in functions)


def _held_against(name: str, ours: Sequence[Kept], relu: Sequence[Kept]) -> list[Measure]:
    return [
        mean(f"{name}: slope at z = {FAR:g}", [one.slope for one in ours], at_least=SLOPE),
        mean(f"{name}: exact zeros", [one.zeros for one in ours], at_most=ZEROS, unit="%"),
        geometric_mean(
            f"{name}: classes against the rest, over ReLU",
            [one.rest / other.rest for one, other in zip(ours, relu)],
            at_most=1 / MORE,
        ),
        geometric_mean(
            f"{name}: correlation between units, over ReLU",
            [one.likeness / other.likeness for one, other in zip(ours, relu)],
            at_least=MORE,
        ),
    ]


def _to_be_read(kept: Mapping[str, Sequence[Kept]]) -> list[Measure]:
    """ReLU's zeros, and how ELU, which saturates without them, compares."""
    relu, elu = kept["relu"], kept.get("elu", ())
    zeros = mean("relu: exact zeros", [one.zeros for one in relu], unit="%")
    if not elu:
        return [zeros]
    return [
        zeros,
        mean(f"elu: slope at z = {FAR:g}", [one.slope for one in elu]),
        geometric_mean(
            "elu: classes against the rest, over ReLU",
            [one.rest / other.rest for one, other in zip(elu, relu)],
        ),
        geometric_mean(
            "elu: correlation between units, over ReLU",
            [one.likeness / other.likeness for one, other in zip(elu, relu)],
        ),
    ]


def _drawn(kept: Mapping[str, Sequence[Kept]]) -> tuple[Picture, ...]:
    names = tuple(kept)
    shown = torch.linspace(-4, 2, 61)
    curves = [
        Series(
            activations.get(name).title,
            tuple(shown.tolist()),
            tuple(activations.get(name).phi(shown).tolist()),
        )
        for name in names
    ]
    alike = list(zip(*([one.likeness for one in kept[name]] for name in names)))
    return (
        Picture(
            title="The negative side",
            caption="ReLU and ELU come to rest below zero; the others go on falling. RReLU with "
            "its mean "
            "slope, PReLU with the slope that it begins with.",
            x="pre-activation z",
            y="activation φ(z)",
            series=tuple(curves),
        ),
        Picture(
            title="How alike the units are",
            caption="Correlation between two units of a hidden layer, on test digits. Band: all "
            "seeds.",
            x="function",
            y="mean |correlation|",
            series=(over_seeds("units", range(len(names)), alike, points=True),),
            ticks=tuple(activations.get(name).title for name in names),
        ),
    )

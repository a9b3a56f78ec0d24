"""Advice 4: batch normalisation does openly what a good function does on the side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import mlp
from stetho.article.training import sgd, train
from stetho.record import Measure, Picture, Series, SiteStats

FUNCTIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu")
DEPTH, WIDTH, STEPS = 6, 64, 80
CLOSE = 0.5  # spread with normalisation over spread without
OFF = 0.1  # how far a mean may be from 0, a deviation from 1, in deviations


@dataclass(frozen=True)
class BatchNormalisation(AbstractClaim):
    """Networks with 6 hidden layers of 64 units (He's weights) learn scikit-learn's digits
    (learning rate 0.1, batches of 64, 80 steps) with sigmoid, tanh, ReLU, leaky ReLU and ELU, each
    with a batch normalisation between layer and function and without. Spread is the accuracy of the
    best function less that of the worst, on the test part. On the first batch of the ReLU network,
    pre-activations (the rms over units of the unit's mean, and of its deviation) and the functions'
    outputs are measured: the layer that is furthest off counts."""

    id: ClassVar[str] = "advice-4"
    title: ClassVar[str] = "Batch normalisation does it openly"
    says: ClassVar[str] = (
        "Batch normalisation does openly what a good activation function does on the side, it "
        "normalises what the next layer sees; with it the functions come close together."
    )
    criterion: ClassVar[str] = (
        f"With batch normalisation the spread between functions is at most {CLOSE:g} times that "
        "without, also where the sigmoid is left out. What a unit hands to the function is at "
        f"most {OFF:g} from mean 0 and from deviation 1 in every layer; and what the next layer "
        f"sees, the function's output, has a mean of at most {OFF:g} of its rms."
    )
    take_away: ClassVar[str] = (
        "With batch normalisation the choice of the function matters far less. It normalises "
        "what goes into the function, not what comes out: behind a ReLU the next layer still "
        "sees numbers off centre, until its own normalisation. Try the functions on your own "
        "network and look."
    )

    norm: bool = True

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(10, 3)
        with_norm = {
            name: [_accuracy(name, self.norm, seed) for seed in seeds] for name in FUNCTIONS
        }
        without = {name: [_accuracy(name, False, seed) for seed in seeds] for name in FUNCTIONS}
        looks = [_first_look(self.norm, seed) for seed in seeds]
        return Measured(
            (
                _closeness("spread with normalisation over without", with_norm, without),
                _closeness("the same, sigmoid left out", _others(with_norm), _others(without)),
                mean("mean of a unit before the function", _worst(looks, _unit_mean), at_most=OFF),
                mean("deviation of it, less 1", _worst(looks, _unit_deviation), at_most=OFF),
                mean(
                    "mean over rms of what the next layer sees",
                    _worst(looks, _offset),
                    at_most=OFF,
                    expected=1 / math.sqrt(math.pi),  # E φ / √E φ² = (1/√2π) / √½
                ),
                mean("spread with normalisation", _spreads(with_norm), unit="%"),
                mean("spread without", _spreads(without), unit="%"),
                mean("sigmoid left out: spread with", _spreads(_others(with_norm)), unit="%"),
                mean("sigmoid left out: spread without", _spreads(_others(without)), unit="%"),
            ),
            (_picture({"with normalisation": with_norm, "without": without}),),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> BatchNormalisation:
        return cls(norm=False)


def _accuracy(function: str, norm: bool, seed: int) -> float:
    """On the test part."""
    model = mlp(function, DEPTH, WIDTH, seed=seed, norm=norm, init="he")
    split = data.load(seed=seed)
    return train(model, split, steps=STEPS, optimizer=sgd(0.1), seed=seed).accuracy


Accuracies = dict[str, list[float]]  # one a seed, by function


def _closeness(what: str, with_norm: Accuracies, without: Accuracies) -> Measure:
    ratios = [a / b for a, b in zip(_spreads(with_norm), _spreads(without))]
    return geometric_mean(what, ratios, at_most=CLOSE)


def _spreads(accuracies: Accuracies) -> list[float]:
    """Best function less worst, seed by seed."""
    return [max(ones) - min(ones) for ones in zip(*accuracies.values())]


def _others(accuracies: Accuracies) -> Accuracies:
    return {name: ones for name, ones in accuracies.items() if name != "sigmoid"}


def _first_look(norm: bool, seed: int) -> list[SiteStats]:
    """What stetho sees at each site of a ReLU network in its first step."""
    model, split = mlp("relu", DEPTH, WIDTH, seed=seed, norm=norm, init="he"), data.load(seed=seed)
    seen = train(model, split, steps=1, optimizer=sgd(0.1), seed=seed, every=1)
    assert seen.result is not None
    return list(seen.result.run.probes[0].sites.values())


def _worst(looks: list[list[SiteStats]], measure: Callable[[SiteStats], float]) -> list[float]:
    return [max(measure(site) for site in sites) for sites in looks]


def _unit_mean(site: SiteStats) -> float:
    return site.unit_offset


def _unit_deviation(site: SiteStats) -> float:
    return abs(site.unit_spread - 1)


def _offset(site: SiteStats) -> float:
    return abs(site.a_mean) / math.hypot(site.a_mean, site.a_std)


def _picture(kinds: dict[str, Accuracies]) -> Picture:
    rows = {kind: [mean("", own[name]) for name in FUNCTIONS] for kind, own in kinds.items()}
    return Picture(
        title="Functions with batch normalisation and without",
        caption="Mean over seeds with its 95 % interval: with normalisation the points lie close "
        "together.",
        x="function",
        y="accuracy on the test part",
        series=tuple(
            Series(
                kind,
                tuple(range(len(FUNCTIONS))),
                tuple(row.value for row in ones),
                tuple(row.low for row in ones),
                tuple(row.high for row in ones),
                points=True,
            )
            for kind, ones in rows.items()
        ),
        ticks=FUNCTIONS,
    )

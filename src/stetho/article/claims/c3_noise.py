"""C3: squashing the negative side keeps out what is irrelevant and makes units less alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.hidden import hidden
from stetho.article.networks import mlp
from stetho.article.passing import between_classes, by_noise, likeness, normal, within_classes
from stetho.article.training import accuracy, sgd, train
from stetho.record import NAN, Measure, Picture, Series

DEPTH, WIDTH, STEPS = 3, 64, 200
NOISE = 1.0  # deviation of what is added, where each input has deviation 1
REACH = 3.0  # deviations: a rare pixel would else outweigh all others
KEPT = "leaky_relu:negative_slope=0.25"  # keeps the negative side
MORE = 1.1  # a tenth: less is not worth a claim
READ = {"leaky 0.01": "leaky_relu", "ELU": "elu", "tanh": "tanh", "identity": "identity"}


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What the last hidden layer of a trained network makes of test digits."""

    against_rest: float  # variance between the classes over that within them
    against_noise: float  # the same over the mean square that noise makes
    likeness: float  # mean |correlation| between units, mean over the hidden layers
    likeness_before: float  # the same of their pre-activations
    lost: float  # accuracy that noise costs


@dataclass(frozen=True)
class KeepsNoiseOut(AbstractClaim):
    """Networks with 3 hidden layers of 64 units learn scikit-learn's digits (inputs cut off at 3
    deviations), one with each function from the same draws of weights. In the last hidden layer, on
    test digits: the variance that the ten classes make, over what other differences between digits
    make; over the mean square of the change that normal noise in the inputs makes, as large as
    their own spread; and the mean size of the correlation between two units, over all hidden
    layers. Each is held against that of a leaky ReLU of slope 0.25, which keeps the negative
    side."""

    id: ClassVar[str] = "C3"
    title: ClassVar[str] = "Noise and correlated units"
    says: ClassVar[str] = (
        "Squashing the negative side keeps variation that a unit is not made for, and noise, out "
        "of the next layer, and lowers the correlation between units."
    )
    criterion: ClassVar[str] = (
        f"With ReLU the classes stand out at least {MORE:g} times as much from other differences "
        f"between digits, and at least {MORE:g} times as much from noise in the inputs, as with "
        "the function that keeps the negative side; and its units are at most "
        f"{1 / MORE:.2g} times as correlated."
    )
    take_away: ClassVar[str] = (
        "A hard zero makes units less alike and lets less through of what does not tell the "
        "class. Do not count on it against noise in the data: what is added to the inputs passes "
        "no less than with a leaky function or ELU, though less than with tanh or no function at "
        "all. Leaky ReLU with the usual slope of 0.01 behaves like ReLU."
    )

    function: str = "relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(10, 6)
        read = {} if setting.quick else READ
        names = {self.function: self.function, "leaky 0.25": KEPT, **read}
        passed = {title: [_passed(name, seed) for seed in seeds] for title, name in names.items()}
        ours, kept = passed[self.function], passed["leaky 0.25"]
        others = {title: passed[title] for title in read}
        return Measured(
            (
                _ratio("classes against the rest", ours, kept, _rest, at_least=MORE),
                _ratio("classes against noise", ours, kept, _noise, at_least=MORE),
                _ratio("correlation between units", ours, kept, _likeness, at_most=1 / MORE),
                geometric_mean(
                    "correlation between units, after the function over before",
                    [one.likeness / one.likeness_before for one in ours],
                ),
                mean(
                    "accuracy that noise costs, beyond that with leaky 0.25",
                    [one.lost - other.lost for one, other in zip(ours, kept)],
                    unit="%",
                ),
                *_to_be_read(ours, others),
            ),
            _drawn(passed),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> KeepsNoiseOut:
        return cls(function="celu:alpha=20")  # bends so late that it squashes hardly anything


Quantity = Callable[[Passed], float]


def _rest(one: Passed) -> float:
    return one.against_rest


def _noise(one: Passed) -> float:
    return one.against_noise


def _likeness(one: Passed) -> float:
    return one.likeness


def _ratio(
    what: str,
    ours: Sequence[Passed],
    others: Sequence[Passed],
    of: Quantity,
    to: str = "leaky 0.25",
    *,
    at_least: float = NAN,
    at_most: float = NAN,
) -> Measure:
    ratios = [of(one) / of(other) for one, other in zip(ours, others)]
    return geometric_mean(f"{what}, over that of {to}", ratios, at_least=at_least, at_most=at_most)


def _to_be_read(ours: Sequence[Passed], others: Mapping[str, Sequence[Passed]]) -> list[Measure]:
    kinds = (
        ("classes against the rest", _rest),
        ("classes against noise", _noise),
        ("correlation between units", _likeness),
    )
    return [
        _ratio(what, ours, passed, of, title)
        for title, passed in others.items()
        for what, of in kinds
    ]


def _passed(name: str, seed: int) -> Passed:
    split = data.load(seed=seed, reach=REACH)
    model = mlp(name, DEPTH, WIDTH, seed=seed, init="he")
    trained = train(model, split, steps=STEPS, optimizer=sgd(0.05, 0.9), seed=seed)
    x, y = split.x_test, split.y_test
    noisy = x + NOISE * normal(x, seed)
    layers = hidden(model, x)
    last, disturbed = layers[-1].a, hidden(model, noisy)[-1].a
    classes = between_classes(last, y)
    return Passed(
        against_rest=classes / within_classes(last, y),
        against_noise=classes / by_noise(last, disturbed),
        likeness=fmean(likeness(layer.a) for layer in layers),
        likeness_before=fmean(likeness(layer.z) for layer in layers),
        lost=trained.accuracy - accuracy(model, noisy, y),
    )


def _drawn(passed: Mapping[str, Sequence[Passed]]) -> tuple[Picture, ...]:
    names = tuple(passed)

    def points(name: str, of: Quantity) -> Series:
        by_seed = list(zip(*([of(one) for one in passed[title]] for title in names)))
        return over_seeds(name, range(len(names)), by_seed, points=True)

    return (
        Picture(
            title="What of the last hidden layer tells the class",
            caption="The variance that the classes make, over what else there is. Band: all seeds.",
            x="function",
            y="variance between classes / the other",
            series=(
                points("over other differences between digits", _rest),
                points("over noise", _noise),
            ),
            ticks=names,
        ),
        Picture(
            title="How alike the units are",
            caption="Correlation between two units of a layer, before the function and after it: a "
            "function that bends makes them less alike. Band: all seeds.",
            x="function",
            y="mean |correlation|",
            series=(
                points("before", lambda one: one.likeness_before),
                points("after", _likeness),
            ),
            ticks=names,
        ),
    )

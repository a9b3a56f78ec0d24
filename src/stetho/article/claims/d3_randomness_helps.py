"""D3: the paper's randomised form against plain leaky ReLU, and a way out of a saddle point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import linears, mlp
from stetho.article.training import Training, sgd, train
from stetho.record import NAN, Measure, Picture, Series

DEPTH, WIDTH, SAMPLES, STEPS = 6, 64, 150, 120
BETTER = 0.005  # accuracy: half a point
FASTER = 0.95  # mean loss over the training, over the other's
OUT = 0.5  # loss at the end, over that of the network that does not get out
SADDLE_STEPS, LAST = 150, 20
NUDGE = 1e-3  # deviation of the noise on weights, in the comparison


@dataclass(frozen=True)
class RandomnessHelps(AbstractClaim):
    """Overfitting: networks with 6 hidden layers of 64 units (He's weights) learn 150 of
    scikit-learn's digits (learning rate 0.1, batches of 50, 120 steps) and are tested on 449
    others: with the paper's randomised slopes, with a fixed slope of 0.01, and with one of 1/5.5.
    Networks of one seed share weights and batches; differences are taken pair by pair. Speed is the
    mean training loss over all steps. Saddle point: all 64 units of one hidden layer begin with the
    same weights, those to the outputs too; gradient descent with momentum (0.05 and 0.9, batches of
    64, 150 steps) then gives units of fixed slope equal updates for ever, and the network learns no
    more than one unit can."""

    id: ClassVar[str] = "D3"
    title: ClassVar[str] = "Random slopes against fixed ones"
    says: ClassVar[str] = (
        "The randomised form is more accurate and learns faster than leaky ReLU with slope 0.01, "
        "a fixed slope of 1/5.5 is better than 0.01, and randomness helps out of saddle points."
    )
    criterion: ClassVar[str] = (
        "On the test part, the randomised form and the fixed slope of 1/5.5 are each at least "
        f"{BETTER:.1%} more accurate than slope 0.01. The randomised form's mean training loss is "
        f"at most {FASTER:g} times that of slope 0.01, and of slope 1/5.5, which is as steep and "
        f"not random. Its loss after the saddle point is at most {OUT:g} times that of slope 0.01."
    )
    take_away: ClassVar[str] = (
        "Compare a randomised slope with a fixed one of the same size before you thank the "
        "randomness: most of the gain over 0.01 comes from the larger slope. Noise does break a "
        "symmetry that gradient descent cannot, but a little noise on the first weights does so "
        "too."
    )

    randomised: str = "rrelu_paper"
    fixed: str = f"leaky_relu:negative_slope={2 / 11!r}"
    plain: str = "leaky_relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(20, 6)
        ones, fixed, plain = (
            [_overfit(name, seed) for seed in seeds]
            for name in (self.randomised, self.fixed, self.plain)
        )
        few = seeds[: 3 if setting.quick else 8]
        escapes = [_saddle(self.randomised, seed) for seed in few]
        stays = [_saddle(self.plain, seed) for seed in few]
        nudged = [_saddle(self.plain, seed, NUDGE) for seed in few]
        return Measured(
            (
                _gain("accuracy, randomised less slope 0.01", ones, plain, BETTER),
                _gain("accuracy, slope 1/5.5 less slope 0.01", fixed, plain, BETTER),
                _speed("training loss, randomised over slope 0.01", ones, plain, FASTER),
                geometric_mean(
                    "loss after the saddle, randomised over slope 0.01",
                    [_end(a) / _end(b) for a, b in zip(escapes, stays)],
                    at_most=OUT,
                ),
                _gain("accuracy, randomised less slope 1/5.5", ones, fixed),
                _speed("training loss, randomised over slope 1/5.5", ones, fixed, FASTER),
                geometric_mean(
                    "loss after the saddle, slope 0.01 with noise on its weights over without",
                    [_end(a) / _end(b) for a, b in zip(nudged, stays)],
                ),
                mean("accuracy, slope 0.01", [one.accuracy for one in plain], unit="%"),
                mean(
                    "accuracy on the training part, slope 0.01",
                    [one.training_accuracy for one in plain],
                    unit="%",
                ),
            ),
            (
                Picture(
                    title="Out of a saddle point",
                    caption="Equal units with a fixed slope stay equal; drawn slopes, or a "
                    "little noise "
                    "on the first weights, set them apart.",
                    x="training step",
                    y="training loss, nats",
                    series=(
                        _curve("randomised slopes", escapes[0]),
                        _curve("slope 0.01", stays[0]),
                        _curve("slope 0.01, noise on weights", nudged[0]),
                    ),
                ),
                _pairs_picture(ones, fixed, plain),
            ),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> RandomnessHelps:
        return cls(randomised="leaky_relu", fixed="leaky_relu")


def _overfit(function: str, seed: int) -> Training:
    split = data.load(seed=seed, samples=SAMPLES)
    model = mlp(function, DEPTH, WIDTH, seed=seed, init="he")
    return train(model, split, steps=STEPS, optimizer=sgd(0.1), seed=seed, batch=50)


def _saddle(function: str, seed: int, noise: float = 0.0) -> tuple[float, ...]:
    """Losses of a network that begins with equal units."""
    split = data.load(seed=seed)
    model = mlp(function, 1, WIDTH, seed=seed, init="he")
    _make_equal(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in linears(model):
            layer.weight += noise * torch.randn(layer.weight.shape, generator=generator)
    trained = train(model, split, steps=SADDLE_STEPS, optimizer=sgd(0.05, 0.9), seed=seed)
    return trained.losses


def _make_equal(model: nn.Module) -> None:
    """Each hidden unit becomes a copy of the first, in what it takes and in what it gives."""
    hidden, head = linears(model)
    with torch.no_grad():
        for own in (hidden.weight, hidden.bias):
            own.copy_(own[:1].clone().expand_as(own))
        head.weight.copy_(head.weight[:, :1].clone().expand_as(head.weight))


def _end(losses: tuple[float, ...]) -> float:
    return sum(losses[-LAST:]) / LAST


def _gain(what: str, a: list[Training], b: list[Training], at_least: float = NAN) -> Measure:
    return mean(what, [x.accuracy - y.accuracy for x, y in zip(a, b)], at_least=at_least, unit="%")


def _speed(what: str, a: list[Training], b: list[Training], at_most: float = NAN) -> Measure:
    return geometric_mean(what, [x.mean_loss / y.mean_loss for x, y in zip(a, b)], at_most=at_most)


def _curve(name: str, losses: tuple[float, ...]) -> Series:
    return Series(name, tuple(range(len(losses))), losses)


def _pairs_picture(ones: list[Training], fixed: list[Training], plain: list[Training]) -> Picture:
    x = tuple(100 * one.accuracy for one in plain)
    return Picture(
        title="Accuracy against that with slope 0.01, seed by seed",
        caption="Points above the line are better than slope 0.01; both kinds lie much alike.",
        x="accuracy with slope 0.01, %",
        y="accuracy of the other, %",
        series=(
            Series("randomised", x, tuple(100 * one.accuracy for one in ones), points=True),
            Series("slope 1/5.5", x, tuple(100 * one.accuracy for one in fixed), points=True),
            Series("equal", (min(x), max(x)), (min(x), max(x))),
        ),
    )

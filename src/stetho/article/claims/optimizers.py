"""optimizers: a network whose gradients vanish, under each method of descent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

import torch

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import by_step
from stetho.article.data import Split
from stetho.article.estimates import geometric_mean, mean, share
from stetho.article.networks import mlp
from stetho.article.training import MakeOptimizer, Training, adam, sgd, train
from stetho.record import Measure, Picture

DEPTH, WIDTH = 8, 64
SAMPLES, BATCH, STEPS, LAST = 512, 64, 200, 25
STUCK = 0.9  # of the loss of a constant guess, above which nothing was learned
EASY_DEPTH, EASY_STEPS = 3, 80


@dataclass(frozen=True, slots=True)
class Method:
    """A method of descent at the learning rate that is usual for it."""

    make: MakeOptimizer
    batch: int = BATCH


METHODS = {
    "gradient descent": Method(sgd(0.1), batch=SAMPLES),
    "mini-batches": Method(sgd(0.1)),
    "momentum": Method(sgd(0.1, momentum=0.9)),
    "RMSProp": Method(lambda parameters: torch.optim.RMSprop(parameters, lr=2e-3)),
    "Adam": Method(adam(2e-3)),
}


@dataclass(frozen=True)
class MethodsOfDescent(AbstractClaim):
    """A network of 8 sigmoid layers of 64 units, whose gradients vanish, learns 512 of
    scikit-learn's digits for 200 steps, by gradient descent on all samples at once (rate 0.1), on
    mini-batches of 64 (0.1), with momentum 0.9 (0.1), RMSProp and Adam (0.002). Each is watched.
    Then, without --quick, the same on 3 layers of ReLU with the initialisation that fits them, for
    80 steps."""

    id: ClassVar[str] = "optimizers"
    title: ClassVar[str] = "Which method of descent cures vanishing gradients"
    says: ClassVar[str] = (
        "Vanishing gradients are a trouble of the network, not of the method of descent: plain and "
        "mini-batch gradient descent, momentum, RMSProp and Adam all fail on them."
    )
    criterion: ClassVar[str] = (
        f"With each of the five methods, the mean training loss of the last {LAST} steps is at "
        f"least {STUCK:g} of what a constant guess has (ln 10)."
    )
    take_away: ClassVar[str] = (
        "Momentum does not help a gradient that is almost 0. RMSProp and Adam divide each gradient "
        "by its own size, so that the loss falls and the symptom hides, but they rescale noise "
        "too: they stay far behind a network whose gradients do not vanish. Cure the network."
    )

    function: str = "sigmoid"
    init: str = "torch"
    depth: int = DEPTH

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(4, 3)
        hard = {name: [self._hard(name, seed) for seed in seeds] for name in METHODS}
        tried = () if setting.quick else METHODS
        easy = {name: [_easy(name, seed) for seed in seeds] for name in tried}
        return Measured(
            (
                *_losses(hard),
                *_accuracies(hard, "accuracy on it"),
                *_accuracies(easy, "accuracy on 3 layers of ReLU"),
                *(
                    geometric_mean(
                        f"gradient at the end, first layer over last, {name}",
                        [_gradient(training) for training in of],
                    )
                    for name, of in hard.items()
                ),
                *_told(hard),
            ),
            (
                _drawn("A network whose gradients vanish", hard),
                *((_drawn("A network whose gradients do not", easy),) if easy else ()),
            ),
            seeds,
        )

    def _hard(self, name: str, seed: int) -> Training:
        model = mlp(self.function, self.depth, WIDTH, seed=seed, init=self.init)
        method = METHODS[name]
        return train(
            model,
            _data(seed),
            steps=STEPS,
            optimizer=method.make,
            seed=seed,
            batch=method.batch,
            every=STEPS - 1,
        )

    @classmethod
    def sabotaged(cls) -> MethodsOfDescent:
        return cls(function="relu", init="he", depth=EASY_DEPTH)


def _easy(name: str, seed: int) -> Training:
    model = mlp("relu", EASY_DEPTH, WIDTH, seed=seed, init="he")
    method = METHODS[name]
    return train(
        model,
        _data(seed),
        steps=EASY_STEPS,
        optimizer=method.make,
        seed=seed,
        batch=method.batch,
    )


def _data(seed: int) -> Split:
    return data.load(seed=seed, samples=SAMPLES)


def _losses(trained: Mapping[str, Sequence[Training]]) -> list[Measure]:
    return [
        mean(
            f"final loss over a constant guess's, {name}",
            [fmean(training.losses[-LAST:]) / math.log(10) for training in of],
            at_least=STUCK,
            unit="×",
        )
        for name, of in trained.items()
    ]


def _accuracies(trained: Mapping[str, Sequence[Training]], what: str) -> list[Measure]:
    return [
        mean(f"{what}, {name}", [training.accuracy for training in of], unit="%")
        for name, of in trained.items()
    ]


def _gradient(training: Training) -> float:
    """rms(∂L/∂z) at the first hidden layer over the last, in the last probe."""
    assert training.result is not None, "this training was watched"
    run = training.result.run
    last = run.probes[-1].sites
    return last[run.sites[0].name].down_rms / last[run.sites[-1].name].down_rms


def _told(trained: Mapping[str, Sequence[Training]]) -> list[Measure]:
    """How often stetho names the trouble."""
    told = [
        any(f.rule == "vanishing-gradient" for f in training.result.diagnosis.findings)
        for of in trained.values()
        for training in of
        if training.result is not None
    ]
    return [share("runs in which stetho names vanishing-gradient", sum(told), len(told))]


def _drawn(title: str, trained: Mapping[str, Sequence[Training]]) -> Picture:
    return Picture(
        title=title,
        caption="Ln 10 = 2.3 is what a constant guess has. Bands: all seeds.",
        x="step",
        y="training loss / nats",
        series=tuple(
            by_step(name, [training.losses for training in of]) for name, of in trained.items()
        ),
    )

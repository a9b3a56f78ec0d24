"""C6: inputs that are never negative give a unit's weights gradients of one sign, and a zig-zag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean
from typing import ClassVar

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import by_step, over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import linears, mlp
from stetho.article.training import Training, sgd, train
from stetho.record import ParameterStats, Picture
from stetho.theory import moments

DEPTH, WIDTH, STEPS = 3, 64, 100
RATES, QUICK_RATES = (0.05, 0.1, 0.2, 0.4), (0.2, 0.4)
WATCHED_RATE, WATCHED_BATCH, EVERY = 0.2, 256, 10
SAMPLE, BATCH = 1, 64
ALL, NEARLY_ALL = 1.0, 0.9  # share of units
BACK = -0.05  # how much further back neighbouring steps must point
SLOWER = 1.1  # mean loss over the steps, as a ratio


class Shifted(nn.Module):
    """φ(z) − c."""

    def __init__(self, function: nn.Module, by: float) -> None:
        super().__init__()
        self.function, self.by = function, by

    def forward(self, z: Tensor) -> Tensor:
        shifted: Tensor = self.function(z) - self.by
        return shifted


@dataclass(frozen=True)
class Seen:
    """One network as it is, and the same one with its activations centred, in that order."""

    one_sample: float  # share of units whose incoming weights' gradients have one sign
    batch: float  # the same of a batch
    balance: tuple[float, float]  # of a batch: |Σg| / Σ|g| over the incoming weights of a unit
    cosine: tuple[float, float]  # between neighbouring steps
    losses: tuple[list[list[float]], list[list[float]]]  # by step, one curve a rate

    @property
    def ratio(self) -> float:
        """Mean loss over that of the centred one, each at its best rate."""
        return fmean(best(self.losses[0])) / fmean(best(self.losses[1]))


@dataclass(frozen=True)
class ZigZag(AbstractClaim):
    """A network with 3 hidden layers of 64 ReLU units learns scikit-learn's digits by plain
    gradient descent. Beside it learns the same network in other coordinates: from each activation
    its mean under a standard normal pre-activation is taken, and the next layer's biases make up
    for it, so that both compute the same function at the start. How many units have incoming
    weights whose gradients have one sign, for one sample and for a batch of 64? Do neighbouring
    steps point back (cosine between them, batches of 256, rate 0.2)? And how high is the mean loss
    over 100 steps, each network at its best of some learning rates?"""

    id: ClassVar[str] = "C6"
    title: ClassVar[str] = "Never negative, so zig-zag"
    says: ClassVar[str] = (
        "As ReLU's outputs are never negative, the incoming weights of a unit in the next layer "
        "can only rise together or fall together; the path zig-zags, and training is slower."
    )
    criterion: ClassVar[str] = (
        f"The gradients of a unit's incoming weights have one sign in {ALL:.0%} of the units for "
        f"one sample, and in at least {NEARLY_ALL:.0%} for a batch; the cosine between "
        f"neighbouring steps is lower by at least {-BACK:g} than with centred activations; and the "
        f"mean loss is at least {SLOWER:g} times as high."
    )
    take_away: ClassVar[str] = (
        "The one sign is exact for one sample, but a batch mixes the signs of its samples, and "
        "weights can move apart. What stays is a common push along the mean of the inputs: steps "
        "point back sooner, so that only a smaller learning rate is stable. Centred activations, "
        "or a normalisation, allow a larger one; at a small rate there is no difference."
    )

    function: str = "relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        rates = QUICK_RATES if setting.quick else RATES
        seen = [self._seen(seed, rates) for seed in seeds]
        return Measured(
            (
                mean(
                    "units with gradients of one sign, one sample",
                    [one.one_sample for one in seen],
                    at_least=ALL,
                    unit="%",
                ),
                mean(
                    f"units with gradients of one sign, a batch of {BATCH}",
                    [one.batch for one in seen],
                    at_least=NEARLY_ALL,
                    unit="%",
                ),
                mean(
                    "cosine between neighbouring steps, less that with centred activations",
                    [one.cosine[0] - one.cosine[1] for one in seen],
                    at_most=BACK,
                ),
                geometric_mean(
                    "mean loss over that with centred activations, each at its best rate",
                    [one.ratio for one in seen],
                    at_least=SLOWER,
                ),
                mean("|Σg| / Σ|g| of a unit, a batch", [one.balance[0] for one in seen]),
                mean(
                    "|Σg| / Σ|g| of a unit, a batch, centred activations",
                    [one.balance[1] for one in seen],
                ),
            ),
            (_losses_drawn(seen), _rates_drawn(seen, rates)),
            seeds,
        )

    def _seen(self, seed: int, rates: Sequence[float]) -> Seen:
        batches = [_gradients(self._network(seed, centred), BATCH, seed) for centred in KINDS]
        cosines = [self._cosine(seed, centred) for centred in KINDS]
        losses = [[self._losses(seed, centred, rate) for rate in rates] for centred in KINDS]
        return Seen(
            fmean(one.one_sign for one in _gradients(self._network(seed, False), SAMPLE, seed)),
            fmean(one.one_sign for one in batches[0]),
            (fmean(one.balance for one in batches[0]), fmean(one.balance for one in batches[1])),
            (cosines[0], cosines[1]),
            (losses[0], losses[1]),
        )

    def _network(self, seed: int, centred: bool) -> nn.Sequential:
        model = mlp(self.function, DEPTH, WIDTH, seed=seed, init="he")
        return centre(model, moments(activations.get(self.function)).mean) if centred else model

    def _losses(self, seed: int, centred: bool, rate: float) -> list[float]:
        model, split = self._network(seed, centred), data.load(seed=seed)
        return list(train(model, split, steps=STEPS, optimizer=sgd(rate), seed=seed).losses)

    def _cosine(self, seed: int, centred: bool) -> float:
        """Between neighbouring steps, mean over the probes and the layers that read activations."""
        trained = train(
            self._network(seed, centred),
            data.load(seed=seed),
            steps=STEPS // 2,
            optimizer=sgd(WATCHED_RATE),
            seed=seed,
            batch=WATCHED_BATCH,
            every=EVERY,
        )
        cosines = [one.update_cosine for probe in _of_weights(trained) for one in probe]
        return fmean(cosine for cosine in cosines if isfinite(cosine))  # none at a first probe

    @classmethod
    def sabotaged(cls) -> ZigZag:
        return cls(function="tanh")  # of both signs, its mean is 0: both networks are the same


KINDS = (False, True)  # centred?


def centre(model: nn.Sequential, by: float) -> nn.Sequential:
    """Take `by` from each activation, and give it back by the biases of the layer after."""
    for name, part in list(model.named_children()):
        if not isinstance(part, nn.Linear):
            setattr(model, name, Shifted(part, by))
    with torch.no_grad():
        for layer in linears(model)[1:]:
            layer.bias.add_(layer.weight.sum(1), alpha=by)
    return model


def best(curves: Sequence[list[float]]) -> list[float]:
    """The curve with the lowest mean; one that is not finite is none."""
    return min((curve for curve in curves if isfinite(sum(curve))), key=fmean)


def _gradients(model: nn.Sequential, batch: int, seed: int) -> list[ParameterStats]:
    """Of the weights that read activations, in one step that moves nothing."""
    split = data.load(seed=seed)
    return _of_weights(
        train(model, split, steps=1, optimizer=sgd(0.0), seed=seed, batch=batch, every=1)
    )[0]


def _of_weights(trained: Training) -> list[list[ParameterStats]]:
    """Probe by probe, what became of the weights that read activations."""
    assert trained.result is not None, "this training was watched"
    run = trained.result.run
    names = [one.name for one in run.parameters if one.role == "weight"][1:]
    return [[probe.parameters[name] for name in names] for probe in run.probes]


def _losses_drawn(seen: Sequence[Seen]) -> Picture:
    return Picture(
        title="Learning, each at its best rate",
        caption="The same network at the start; only the coordinates of its weights differ. "
        "Band: all "
        "seeds.",
        x="training step",
        y="loss in nats",
        series=(
            by_step("as it is", [best(one.losses[0]) for one in seen]),
            by_step("activations centred", [best(one.losses[1]) for one in seen]),
        ),
        log_y=True,
    )


def _rates_drawn(seen: Sequence[Seen], rates: Sequence[float]) -> Picture:
    def means(kind: int) -> list[list[float]]:
        return [[fmean(curve) for curve in one.losses[kind]] for one in seen]

    return Picture(
        title="What the learning rate does",
        caption="At a small rate centring changes nothing; it lets a larger one work. Band: all "
        "seeds.",
        x="learning rate",
        y="mean loss over the steps, in nats",
        series=(
            over_seeds("as it is", rates, means(0)),
            over_seeds("activations centred", rates, means(1)),
        ),
        log_x=True,
        log_y=True,
    )

"""C2: a unit detects one concept, its size says how much of it is there, one zero says "absent"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

import torch
from torch import Tensor, nn

from stetho import swap
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.data import Split
from stetho.article.estimates import mean
from stetho.article.hidden import hidden
from stetho.article.networks import mlp
from stetho.article.passing import class_means
from stetho.article.training import accuracy, sgd, train
from stetho.record import Picture

DEPTH, STEPS = 2, 300
KEPT, SLOPE = "leaky_relu", 0.25  # the function that keeps negative sizes
LITTLE = 0.02  # accuracy that does not count as a loss
NOTHING = 0.1  # correlation that does not count as telling anything
MOST = 0.5  # share of a unit's output that its concept must give
BLENDS, PAIRS = 11, 64  # shares of the concept from 0 to 1; pairs of digits a class
SEEN_OFTEN = 30  # blends on one side of zero, from which on a unit's correlation is taken


@dataclass(frozen=True, kw_only=True)
class Detected:
    """One pair of trained networks, one with ReLU and one that keeps negative sizes."""

    lacking: float  # accuracy that ReLU's network lacks against the other
    lost: float  # accuracy that the other loses when its negative sizes are replaced by one zero
    above: float  # correlation of z > 0 with the share of the concept, mean over units
    below: float  # of z < 0
    concentrated: float  # share of a unit's output that the digits of its concept give
    response: list[float]  # mean activation by share of the concept, in the largest of them


@dataclass(frozen=True)
class Detectors(AbstractClaim):
    """Networks with 2 hidden layers learn scikit-learn's digits: one with ReLU, and from the same
    draws of weights one with a leaky ReLU of slope 0.25, which keeps negative sizes. How much
    accuracy does ReLU lack, and how much does the other lose when each of its negative activations
    is replaced by the one value 0 after training? In the last hidden layer of ReLU's network, a
    unit's concept is the class that activates it most. Test digits of the concept are blended into
    other ones, with a share from 0 to 1: how well do positive and negative pre-activations follow
    that share (correlation)? And which part of a unit's output do digits of its concept give?"""

    id: ClassVar[str] = "C2"
    title: ClassVar[str] = "Detectors of one concept"
    says: ClassVar[str] = (
        "A ReLU unit detects one concept: how large it is says how much of the concept is there; "
        "negative sizes mean nothing, so that one zero is enough for an absent one."
    )
    criterion: ClassVar[str] = (
        f"ReLU lacks at most {LITTLE:.0%} of accuracy against the function that keeps negative "
        f"sizes, and replacing these by one zero costs at most {LITTLE:.0%}; negative sizes "
        f"follow the share of the concept with a correlation of at most {NOTHING:g}; and digits of "
        f"its concept give at least {MOST:.0%} of a unit's output."
    )
    take_away: ClassVar[str] = (
        "One zero is enough where there are units to spare, though units are no clean detectors: "
        "each answers to several classes, and negative sizes do tell something, only less. In a "
        "bottleneck of a few units the zero throws away what the network needs: keep the negative "
        "side there, or leave the function out."
    )

    width: int = 64

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(10, 4)
        seen = [_detected(self.width, seed) for seed in seeds]
        return Measured(
            (
                mean(
                    "accuracy that ReLU lacks against leaky ReLU 0.25",
                    [one.lacking for one in seen],
                    at_most=LITTLE,
                    unit="%",
                ),
                mean(
                    "accuracy lost when negative sizes are replaced by one zero",
                    [one.lost for one in seen],
                    at_most=LITTLE,
                    unit="%",
                ),
                mean(
                    "correlation of negative sizes with the share of the concept",
                    [one.below for one in seen],
                    at_most=NOTHING,
                ),
                mean(
                    "share of a unit's output that its concept gives",
                    [one.concentrated for one in seen],
                    at_least=MOST,
                    unit="%",
                ),
                mean(
                    "correlation of positive sizes with the share of the concept",
                    [one.above for one in seen],
                ),
            ),
            (_response_drawn(seen), _correlations_drawn(seen)),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> Detectors:
        return cls(width=4)  # no units to spare


def _detected(width: int, seed: int) -> Detected:
    split = data.load(seed=seed)
    relu, kept = (
        mlp(name, DEPTH, width, seed=seed, init="he") for name in ("relu", f"{KEPT}:{SLOPE}")
    )
    ours, other = (
        train(model, split, steps=STEPS, optimizer=sgd(0.05, 0.9), seed=seed)
        for model in (relu, kept)
    )
    cut = swap(kept, KEPT, "relu")
    without = accuracy(kept, split.x_test, split.y_test)
    cut.undo()
    above, below, response, concentrated = _units(relu, split, seed)
    return Detected(
        lacking=other.accuracy - ours.accuracy,
        lost=other.accuracy - without,
        above=above,
        below=below,
        concentrated=concentrated,
        response=response,
    )


def _units(
    model: nn.Sequential, split: Split, seed: int
) -> tuple[float, float, list[float], float]:
    """Correlations above and below zero, response by share, and concentration; means over units."""
    by_class = class_means(hidden(model, split.x)[-1].a, split.y)
    alive = by_class.sum(0) > 0
    concept, concentration = by_class.argmax(0), by_class.amax(0) / by_class.sum(0)
    above: list[float] = []
    below: list[float] = []
    responses: list[Tensor] = []
    for kind in range(split.classes):
        units = ((concept == kind) & alive).nonzero()[:, 0]
        shares, z = _blended(model, split, kind, seed)
        for size in z[:, units].T:
            above += _correlation(shares, size, size > 0)
            below += _correlation(shares, size, size < 0)
        responses += list(z[:, units].relu().reshape(BLENDS, PAIRS, -1).mean(1).T)
    curve = torch.stack(responses).mean(0)
    return (
        fmean(above),
        fmean(below),
        (curve / curve.max()).tolist(),
        float(concentration[alive].mean()),
    )


def _blended(model: nn.Sequential, split: Split, kind: int, seed: int) -> tuple[Tensor, Tensor]:
    """Shares of the concept, and the last pre-activations (blends × pairs, units)."""
    draw = torch.Generator().manual_seed(seed)
    has, x = split.y_test == kind, split.x_test
    own, other = (
        part[torch.randint(len(part), (PAIRS,), generator=draw)] for part in (x[has], x[~has])
    )
    shares = torch.linspace(0, 1, BLENDS)[:, None, None]
    blends = shares * own + (1 - shares) * other
    z = hidden(model, blends.reshape(-1, split.features))[-1].z
    return shares.expand(BLENDS, PAIRS, 1).reshape(-1), z


def _correlation(shares: Tensor, size: Tensor, where: Tensor) -> list[float]:
    """Of one unit on one side of zero; nothing where it is hardly ever there."""
    if int(where.sum()) < SEEN_OFTEN:
        return []
    return [float(torch.corrcoef(torch.stack([shares[where], size[where]]))[0, 1])]


def _response_drawn(seen: Sequence[Detected]) -> Picture:
    shares = torch.linspace(0, 1, BLENDS).tolist()
    return Picture(
        title="A unit's answer to its concept",
        caption="The more of a digit of its class is blended in, the larger the activation; but "
        "it is "
        "far from 0 where there is none. Mean over the units; band: all seeds.",
        x="share of the concept in the picture",
        y="activation, relative to its largest",
        series=(over_seeds("last hidden layer", shares, [one.response for one in seen]),),
    )


def _correlations_drawn(seen: Sequence[Detected]) -> Picture:
    return Picture(
        title="Do sizes tell how much of the concept is there?",
        caption="Correlation of the pre-activation with the share of the concept, on either side "
        "of zero. "
        "Band: all seeds.",
        x="side of zero",
        y="correlation",
        series=(
            over_seeds(
                "mean over units", (0, 1), [(one.below, one.above) for one in seen], points=True
            ),
        ),
        ticks=("negative sizes", "positive sizes"),
    )

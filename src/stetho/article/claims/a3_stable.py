"""A3: a distribution that moves while a network trains slows the training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

import torch
from torch import Tensor, nn

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import by_step
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import mlp
from stetho.article.training import Training, sgd, train
from stetho.record import Picture, SiteStats

DEPTH, WIDTH, STEPS, PAIRS = 3, 64, 150, 30
MOVED = 0.5  # deviations a step, far more than any healthy training moves by
SLOWER = 1.1  # times the mean loss


@dataclass(frozen=True)
class StableInputs(AbstractClaim):
    """Networks with 3 layers of 64 ReLUs learn scikit-learn's digits (rate 0.05, 150 steps on
    batches of 64). While they train, what enters each linear layer but the first is moved: in each
    step each unit's activations get an offset drawn from a normal distribution anew. Its deviation
    is 0; the unit's own; or so much that it doubles the square of the move which the undisturbed
    training of the same seed makes by itself. The move of the units' means from one step to the
    next is watched, and what sampling alone gives is taken off by squares."""

    id: ClassVar[str] = "A3"
    title: ClassVar[str] = "Stable inputs"
    says: ClassVar[str] = (
        "The distribution that enters a layer should stay much the same from batch to batch; one "
        "that moves while the network trains (internal covariate shift) slows the training."
    )
    criterion: ClassVar[str] = (
        f"With the large offsets the units' means move by at least {MOVED:g} deviations a step, "
        f"and the mean loss is at least {SLOWER:g} times that of the undisturbed network; and so "
        f"it is (at least {SLOWER:g} times) with offsets as large as training's own moves."
    )
    take_away: ClassVar[str] = (
        "A distribution that jumps by a deviation a step costs a good deal; look for it where the "
        "learning rate is high or batches are not shuffled. The small moves of a healthy training "
        "are no cause of slowness: if normalisation helps there, it is for other reasons."
    )

    size: float = 1.0  # of all offsets

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        usual = [_trained(seed, 0.0) for seed in seeds]
        own = [_move(training) for training in usual]
        # an offset drawn anew moves by √2 of its deviation from step to step
        small = [_trained(s, self.size * m / math.sqrt(2)) for s, m in zip(seeds, own, strict=True)]
        large = [_trained(seed, self.size) for seed in seeds]
        normed = [_trained(seed, 0.0, norm=True) for seed in seeds]
        return Measured(
            (
                mean(
                    "move in one step beyond sampling, in deviations, large offsets",
                    [_move(training) for training in large],
                    at_least=MOVED,
                ),
                geometric_mean(
                    "mean loss, large offsets over none", _ratios(large, usual), at_least=SLOWER
                ),
                geometric_mean(
                    "mean loss, offsets like training's own moves over none",
                    _ratios(small, usual),
                    at_least=SLOWER,
                ),
                mean("move in one step, no offsets", own),
                mean("what sampling alone moves", [_noise(training) for training in usual]),
                mean("move in one step, small offsets", [_move(training) for training in small]),
                geometric_mean("mean loss, batch normalisation over none", _ratios(normed, usual)),
                mean("accuracy, no offsets", [t.accuracy for t in usual], unit="%"),
                mean("accuracy, large offsets", [t.accuracy for t in large], unit="%"),
            ),
            (
                Picture(
                    title="What moving inputs cost",
                    caption="The same networks and batches, with offsets in what enters the "
                    "layers. Bands: "
                    "all seeds.",
                    x="step",
                    y="training loss / nats",
                    series=(
                        by_step("no offsets", [t.losses for t in usual]),
                        by_step("like training's own moves", [t.losses for t in small]),
                        by_step("one deviation", [t.losses for t in large]),
                    ),
                ),
            ),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> StableInputs:
        return cls(size=0.0)


class Moving(nn.Module):
    """In training, adds to each unit an offset drawn anew in each step.

    Args:
        size: deviation of the offsets, in deviations of the unit.
    """

    def __init__(self, size: float, seed: int) -> None:
        super().__init__()
        self.size = size
        self.draw = torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        offset = torch.randn(x.shape[1], generator=self.draw)
        return x + self.size * x.detach().std(0) * offset


def _trained(seed: int, size: float, *, norm: bool = False) -> Training:
    parts: list[nn.Module] = []
    for part in mlp("relu", DEPTH, WIDTH, seed=seed, norm=norm, init="he"):
        if isinstance(part, nn.Linear) and parts:
            parts.append(Moving(size, seed + len(parts)))
        parts.append(part)
    return train(
        nn.Sequential(*parts),
        data.load(seed=seed),
        steps=STEPS,
        optimizer=sgd(0.05),
        seed=seed,
        every=PAIRS,
    )


def _later(training: Training) -> list[SiteStats]:
    """All sites but the first, in the probes that follow right behind another one."""
    assert training.result is not None, "this training was watched"
    run = training.result.run
    pairs = zip(run.probes, run.probes[1:])
    second = [after for before, after in pairs if after.step == before.step + 1]
    return [probe.sites[site.name] for probe in second for site in run.sites[1:]]


def _move(training: Training) -> float:
    squares = [s.unit_shift**2 - s.unit_shift_noise**2 for s in _later(training)]
    return math.sqrt(max(0.0, fmean(squares)))


def _noise(training: Training) -> float:
    return fmean(stats.unit_shift_noise for stats in _later(training))


def _ratios(moved: Sequence[Training], usual: Sequence[Training]) -> list[float]:
    return [a.mean_loss / b.mean_loss for a, b in zip(moved, usual, strict=True)]

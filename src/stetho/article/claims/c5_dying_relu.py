"""C5: a ReLU that is below zero for every input gives 0, gets no gradient, and never recovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import exact, mean
from stetho.article.hidden import hidden
from stetho.article.networks import linears, mlp
from stetho.article.training import sgd, train
from stetho.record import Picture

DEPTH, WIDTH, STEPS, EVERY = 2, 64, 200, 10
PLANTED = 16  # units a layer
MARGIN = 0.1  # of a unit's own deviation: how far below zero its highest pre-activation is put
USUAL, TOO_LARGE = sgd(0.05, 0.9), sgd(5.0)
SOME = 0.05  # share of the units that a too large step must kill for good


@dataclass(frozen=True)
class Fate:
    """What became of the planted units of one network."""

    gradient: float  # largest, at the incoming weights of the first layer's planted units
    outputs: float  # share of these units' outputs on all digits that are not 0, at the end
    dead: list[tuple[float, float]]  # share of each layer's planted units that is dead, by step
    counted: float  # share of the first layer's units that stetho counts as dead, at the end


@dataclass(frozen=True)
class DyingReLU(AbstractClaim):
    """Networks with 2 hidden layers of 64 units learn scikit-learn's digits (200 steps, rate 0.05,
    momentum 0.9). In each layer the biases of 16 units are first put so low that the highest
    pre-activation over all digits is just below zero. Other networks, without that, take one first
    step at a rate of 5, a hundred times too large, and then usual ones. A unit is dead if its slope
    is 0 for every digit."""

    id: ClassVar[str] = "C5"
    title: ClassVar[str] = "Dying ReLU"
    says: ClassVar[str] = (
        "A ReLU whose bias or weights put its pre-activation below zero for every input gives 0, "
        "gets no gradient, and never recovers."
    )
    criterion: ClassVar[str] = (
        "The gradient at the incoming weights of planted units of the first layer is exactly 0, "
        "and all of them are still dead at the end; so are all of the second layer; and at least "
        f"{SOME:.0%} of the units are still dead {STEPS} usual steps after one too large step."
    )
    take_away: ClassVar[str] = (
        "A dead unit of the first layer stays dead as long as the data stay what they are. In "
        "later layers a unit can come back, because the layers before it move its inputs; do not "
        "count on it. One large step kills many units at once: warm up or clip, or take a function "
        "with a slope below zero."
    )

    function: str = "relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        fates = [_fate(self.function, seed) for seed in seeds]
        ours = [_after_a_large_step(self.function, seed) for seed in seeds]
        leaky = [_after_a_large_step("leaky_relu", seed) for seed in seeds]
        return Measured(
            (
                exact(
                    "largest gradient at planted units of the first layer",
                    max(fate.gradient for fate in fates),
                    at_most=0.0,
                ),
                mean(
                    "planted units of the first layer, still dead at the end",
                    [fate.dead[-1][0] for fate in fates],
                    at_least=1.0,
                    unit="%",
                ),
                mean(
                    "planted units of the second layer, still dead at the end",
                    [fate.dead[-1][1] for fate in fates],
                    at_least=1.0,
                    unit="%",
                ),
                mean(
                    f"all units, dead {STEPS} steps after one too large step",
                    [dead[-1] for dead in ours],
                    at_least=SOME,
                    unit="%",
                ),
                mean(
                    "outputs of planted units of the first layer that are not 0, at the end",
                    [fate.outputs for fate in fates],
                    unit="%",
                ),
                mean(
                    "the same with leaky ReLU 0.01: dead after one too large step",
                    [dead[-1] for dead in leaky],
                    unit="%",
                ),
                mean(
                    "first layer's units that stetho's probes count as dead",
                    [fate.counted for fate in fates],
                    expected=PLANTED / WIDTH,
                    unit="%",
                ),
            ),
            (_planted_drawn(fates), _stepped_drawn(ours, leaky)),
            seeds,
        )

    @classmethod
    def sabotaged(cls) -> DyingReLU:
        return cls(function="leaky_relu")


def _fate(name: str, seed: int) -> Fate:
    split = data.load(seed=seed)
    everything = torch.cat([split.x, split.x_test])
    model = mlp(name, DEPTH, WIDTH, seed=seed, init="he")
    _plant(model, everything)
    followed: list[tuple[float, float]] = []
    gradients: list[float] = []

    def after(step: int) -> None:
        gradient = linears(model)[0].weight.grad
        assert gradient is not None, "a step was taken"
        gradients.append(float(gradient[:PLANTED].abs().max()))
        if step % EVERY == 0:
            first, second = (dead[:PLANTED] for dead in _dead(name, model, everything))
            followed.append((_mean(first), _mean(second)))

    trained = train(
        model, split, steps=STEPS + 1, optimizer=USUAL, seed=seed, after=after, every=STEPS // 2
    )
    assert trained.result is not None, "this training was watched"
    run = trained.result.run
    outputs = hidden(model, everything)[0].a[:, :PLANTED]
    return Fate(
        max(gradients),
        _mean(outputs != 0),
        followed,
        run.probes[-1].sites[run.sites[0].name].dead,
    )


def _plant(model: nn.Sequential, x: Tensor) -> None:
    """Lower biases, layer by layer, until the highest pre-activation over x lies below zero."""
    for place in range(DEPTH):
        z = hidden(model, x)[place].z[:, :PLANTED]
        with torch.no_grad():
            linears(model)[place].bias[:PLANTED] -= z.amax(0) + MARGIN * z.std(0)


def _after_a_large_step(name: str, seed: int) -> list[float]:
    """Share of all units that is dead, after the large step and every so many usual ones."""
    split = data.load(seed=seed)
    everything = torch.cat([split.x, split.x_test])
    model = mlp(name, DEPTH, WIDTH, seed=seed, init="he")
    followed: list[float] = []

    def after(step: int) -> None:
        if step % EVERY == 0:
            followed.append(_mean(torch.cat(_dead(name, model, everything))))

    train(model, split, steps=1, optimizer=TOO_LARGE, seed=seed, after=after)
    train(model, split, steps=STEPS + 1, optimizer=USUAL, seed=seed, after=after)
    return [followed[0], *followed[2:]]


def _dead(name: str, model: nn.Sequential, x: Tensor) -> list[Tensor]:
    """Of each hidden layer: which units have slope 0 for every sample."""
    slope = activations.get(name).slope
    return [(slope(layer.z) == 0).all(0) for layer in hidden(model, x)]


def _mean(mask: Tensor) -> float:
    return float(mask.double().mean())


STEPS_SHOWN = tuple(range(0, STEPS + 1, EVERY))


def _planted_drawn(fates: Sequence[Fate]) -> Picture:
    return Picture(
        title="Units that begin dead",
        caption="In the first layer the inputs are the data, which do not move. In the second "
        "they are "
        "what the first layer gives, which does. Band: all seeds.",
        x="training step",
        y="share of the planted units that is dead",
        series=tuple(
            over_seeds(label, STEPS_SHOWN, [[both[layer] for both in fate.dead] for fate in fates])
            for layer, label in enumerate(("first layer", "second layer"))
        ),
    )


def _stepped_drawn(ours: Sequence[list[float]], leaky: Sequence[list[float]]) -> Picture:
    return Picture(
        title="Units that one too large step kills",
        caption="The step is taken at 0; the steps after it are usual ones. Band: all seeds.",
        x="training step",
        y="share of all units that is dead",
        series=(
            over_seeds("ReLU", STEPS_SHOWN, ours),
            over_seeds("leaky ReLU 0.01", STEPS_SHOWN, leaky),
        ),
    )

"""B5: saturated neurons pass hardly any gradient, and need many steps to come back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import by_step
from stetho.article.estimates import exact, geometric_mean, mean
from stetho.article.networks import linears, mlp
from stetho.article.training import Training, sgd, train
from stetho.record import NAN, Picture, Series, SiteStats

WIDTH, STEPS = 64, 400
FAR, NEAR = -8.0, -2.0  # of z: a slope of 0.0003 and one of 0.1, of the sigmoid
STARTS = tuple(float(z) for z in range(int(FAR), int(NEAR)))
PUSH = 1.0  # learning rate × incoming gradient, in the unit by itself
MOST = 100_000  # steps that it may take
SLOPE_LEFT = 0.05  # the part of the greatest slope under which stetho calls an element saturated
MANY = 10.0  # times as many steps


@dataclass(frozen=True)
class SaturatedNeurons(AbstractClaim):
    """First a unit by itself: it is pushed by an incoming gradient that stays 1, from z = -8 up to
    z = -2, its weight (on an input of 1) and its bias both learning at a rate of 1. Then a network
    with one hidden layer of 64 units on scikit-learn's digits (plain gradient descent, rate 0.5,
    400 steps on batches of 64), once as torch sets it up and once with all hidden biases moved by
    -8, weights and batches being the same. Both are watched."""

    id: ClassVar[str] = "B5"
    title: ClassVar[str] = "Saturated neurons"
    says: ClassVar[str] = (
        "Where a neuron's wx + b is very high or very low its slope is almost 0, and its weights "
        "need many steps to come back, even if the gradient that comes in is not small."
    )
    criterion: ClassVar[str] = (
        f"From z = {FAR:g} to z = {NEAR:g}, under a constant incoming gradient, a unit needs at "
        f"least {MANY:g} times as many steps as it would with the greatest slope of its function; "
        f"in the network, the slope factor of the moved layer is at most {SLOPE_LEFT:g} of the "
        f"unmoved one's, and the loss needs at least {MANY:g} times as many steps to fall by half "
        f"(where it does not within {STEPS}: counted as {STEPS})."
    )
    take_away: ClassVar[str] = (
        "Keep z near 0 at the start: inputs of unit scale, weights that fit the function, biases "
        "of 0. The way back out of saturation takes steps in number like the exponential of |z|, "
        "whatever the loss says; a check-up counts the saturated units before you wait for them."
    )

    function: str = "sigmoid"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 4)
        usual = [self._trained(seed, 0.0) for seed in seeds]
        moved = [self._trained(seed, FAR) for seed in seeds]
        before = [(_hidden(a, 0), _hidden(b, 0)) for a, b in zip(usual, moved, strict=True)]
        waits = [(_half(a.losses), _half(b.losses)) for a, b in zip(usual, moved, strict=True)]
        way = self._way()
        return Measured(
            (
                exact(
                    "steps of a unit to come back, over those at its greatest slope",
                    way[0] / self._fastest(),
                    at_least=MANY,
                    expected=self._by_integral(),
                    unit="×",
                ),
                geometric_mean(
                    "slope factor, moved layer over unmoved",
                    [b.slope_factor / a.slope_factor for a, b in before],
                    at_most=SLOPE_LEFT,
                ),
                geometric_mean(
                    "steps until the loss has fallen by half, moved over unmoved",
                    [b / a for a, b in waits],
                    at_least=MANY,
                ),
                geometric_mean(
                    "incoming gradient, moved layer over unmoved",
                    [b.up_rms / a.up_rms for a, b in before],
                ),
                mean("saturated at the start", [b.saturated_low for _, b in before], unit="%"),
                mean(
                    "saturated at the end", [_hidden(b, -1).saturated_low for b in moved], unit="%"
                ),
                mean("accuracy of the moved network", [b.accuracy for b in moved], unit="%"),
                mean("accuracy of the unmoved one", [a.accuracy for a in usual], unit="%"),
            ),
            (_losses_drawn(usual, moved), _way_drawn(way)),
            seeds,
        )

    def _trained(self, seed: int, shift: float) -> Training:
        model = mlp(self.function, 1, WIDTH, seed=seed)
        with torch.no_grad():
            linears(model)[0].bias.add_(shift)
        split = data.load(seed=seed)
        return train(model, split, steps=STEPS, optimizer=sgd(0.5), seed=seed, every=STEPS - 1)

    def _way(self) -> list[int]:
        """Steps from each of `STARTS` to `NEAR`."""
        slope = activations.get(self.function).slope
        z, step = torch.tensor(FAR, dtype=torch.float64), 0
        passed: list[int] = []
        for goal in (*STARTS[1:], NEAR):
            while float(z) < goal and step < MOST:
                z += 2 * PUSH * slope(z)  # the weight and the bias move alike
                step += 1
            passed.append(step)
        return [passed[-1] - before for before in (0, *passed[:-1])]

    def _fastest(self) -> float:
        supremum = activations.get(self.function).facts.slope_supremum
        return (NEAR - FAR) / (2 * PUSH * supremum)

    def _by_integral(self) -> float:
        """In small steps, ∫ dz / φ'(z) / 2 of them; of the sigmoid 1/φ' = 2 + 2 cosh z."""
        if self.function != "sigmoid":
            return NAN
        steps = (NEAR - FAR) + math.sinh(NEAR) - math.sinh(FAR)
        return steps / PUSH / self._fastest()

    @classmethod
    def sabotaged(cls) -> SaturatedNeurons:
        return cls(function="leaky_relu:negative_slope=0.5")


def _hidden(trained: Training, probe: int) -> SiteStats:
    assert trained.result is not None, "this training was watched"
    run = trained.result.run
    return run.probes[probe].sites[run.sites[0].name]


def _half(losses: Sequence[float]) -> int:
    """Steps until the loss has been half of the first one; all of them if it never was."""
    half = losses[0] / 2
    return next((step for step, loss in enumerate(losses, 1) if loss <= half), len(losses))


def _losses_drawn(usual: Sequence[Training], moved: Sequence[Training]) -> Picture:
    return Picture(
        title="Learning from a saturated start",
        caption="The same network and batches, with hidden biases as usual and moved by -8. "
        "Bands: all "
        "seeds.",
        x="step",
        y="training loss / nats",
        series=(
            by_step("as usual", [training.losses for training in usual]),
            by_step("saturated at the start", [training.losses for training in moved]),
        ),
    )


def _way_drawn(steps: Sequence[int]) -> Picture:
    return Picture(
        title="The way back of a single unit",
        caption="Steps until z has reached -2, though the gradient that comes in is 1 all the "
        "time: each "
        "unit of z further out takes e times as long.",
        x="z at the start",
        y="steps",
        series=(Series("steps to come back", STARTS, tuple(steps)),),
        log_y=True,
    )

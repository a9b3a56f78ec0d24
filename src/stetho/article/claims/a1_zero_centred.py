"""A1: inputs of a layer that are off centre make gradients vanish and training jittery."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from torch import Tensor, nn

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import by_step, over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import mlp
from stetho.article.training import Training, sgd, train
from stetho.record import Measure, Picture
from stetho.theory import MeanField, gain

DEEP, SHALLOW, WIDTH = 20, 6, 64
SAMPLES, STEPS, RATE = 256, 60, 0.1
VANISHED = 0.1  # of the gradient that a centred network has in front
TURNED = 0.0  # cosine of neighbouring updates, under which they point against each other
PAIRS = 15  # steps from one pair of probes to the next


@dataclass(frozen=True)
class ZeroCentred(AbstractClaim):
    """Before each linear layer a constant 1 is added to all that enters it (digits have a deviation
    of 1 there), or nothing is added; weights are the same. Gradients: in networks of 20 layers of
    64 units at the start, with the initialisation that fits the function, of tanh, which saturates,
    and of ReLU, which does not on its upper side. Training: 6 layers of tanh, 60 steps of gradient
    descent at a rate of 0.1, on all of 256 digits at once, so that no sampling disturbs it."""

    id: ClassVar[str] = "A1"
    title: ClassVar[str] = "Zero-centred inputs"
    says: ClassVar[str] = (
        "What enters a layer should have a mean near zero; if it has not, gradients vanish and "
        "training is jittery."
    )
    criterion: ClassVar[str] = (
        f"Off centre, the gradient at the first layer over the last is at most {VANISHED:g} times "
        "that of the centred network, with tanh and with ReLU alike; and neighbouring updates of "
        f"the weights point against each other (their mean cosine is at most {TURNED:g})."
    )
    take_away: ClassVar[str] = (
        "Centre the data, and prefer layers that keep what they pass on centred. Off-centre inputs "
        "make steps zig-zag with any function, as all weights of a unit share one steep direction; "
        "the gradient vanishes only where the offset pushes units into saturation."
    )

    offset: float = 1.0

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        usual = [self._trained(seed, 0.0) for seed in seeds]
        moved = [self._trained(seed, self.offset) for seed in seeds]
        curves = {
            (function, offset): [_gradients(function, offset, seed) for seed in seeds]
            for function in ("tanh", "relu")
            for offset in (0.0, self.offset)
        }
        return Measured(
            (
                self._vanishing("tanh", curves["tanh", 0.0], curves["tanh", self.offset]),
                self._vanishing("relu", curves["relu", 0.0], curves["relu", self.offset]),
                mean(
                    "cosine of neighbouring updates, off centre",
                    [_cosine(training) for training in moved],
                    at_most=TURNED,
                ),
                mean("the same, centred", [_cosine(training) for training in usual]),
                mean("steps in which the loss rises, off centre", _rises(moved), unit="%"),
                mean("the same, centred", _rises(usual), unit="%"),
                geometric_mean(
                    "mean loss, off centre over centred",
                    [b.mean_loss / a.mean_loss for a, b in zip(usual, moved, strict=True)],
                ),
            ),
            (self._gradients_drawn(curves), _losses_drawn(usual, moved)),
            seeds,
        )

    def _vanishing(
        self, function: str, usual: Sequence[Sequence[float]], moved: Sequence[Sequence[float]]
    ) -> Measure:
        name = activations.get(function).title
        ratios = [b[0] / b[-1] * a[-1] / a[0] for a, b in zip(usual, moved, strict=True)]
        return geometric_mean(
            f"gradient of {name}, first layer over last, off centre over centred",
            ratios,
            at_most=VANISHED,
            expected=self._by_theory(function),
        )

    def _by_theory(self, function: str) -> float:
        """√χ a layer. To weights of zero mean an offset c does what biases of variance c² σ_w² do:
        it lengthens z, and the slope is looked up further out."""
        record = activations.get(function)
        variance = gain(record) ** 2
        fields = [MeanField(record, variance, variance * c**2) for c in (self.offset, 0.0)]
        if math.isclose(fields[0].slope(1.0), fields[0].slope(2.0)):
            return 1.0  # the slope is the same at every length of z
        moved, usual = (field.slope(field.fixed_point()) for field in fields)
        return math.sqrt(moved / usual) ** (DEEP - 1)

    def _trained(self, seed: int, offset: float) -> Training:
        split = data.load(seed=seed, samples=SAMPLES)
        return train(
            _network("tanh", SHALLOW, offset, seed),
            split,
            steps=STEPS,
            optimizer=sgd(RATE),
            seed=seed,
            batch=SAMPLES,
            every=PAIRS,
        )

    def _gradients_drawn(self, curves: dict[tuple[str, float], list[list[float]]]) -> Picture:
        return Picture(
            title="The gradient on its way back",
            caption="In networks of 20 layers before training, from the last layer (right) to "
            "the first. "
            "Bands: all seeds.",
            x="hidden layer",
            y="rms of ∂L/∂z / that of the last layer",
            series=tuple(
                over_seeds(
                    f"{activations.get(function).title}, "
                    + (f"moved by {offset:g}" if offset else "centred"),
                    range(1, DEEP + 1),
                    [[value / curve[-1] for value in curve] for curve in of],
                )
                for (function, offset), of in curves.items()
            ),
            log_y=True,
        )

    @classmethod
    def sabotaged(cls) -> ZeroCentred:
        return cls(offset=0.0)


class Offset(nn.Module):
    """Adds a constant."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        return x + self.by


def _network(function: str, depth: int, offset: float, seed: int) -> nn.Sequential:
    """An offset before each linear layer; the weights do not depend on it."""
    parts: list[nn.Module] = []
    for part in mlp(function, depth, WIDTH, seed=seed, init="he"):
        parts += [Offset(offset), part] if isinstance(part, nn.Linear) else [part]
    return nn.Sequential(*parts)


def _gradients(function: str, offset: float, seed: int) -> list[float]:
    """∂L/∂z by hidden layer, before training."""
    split = data.load(seed=seed, samples=SAMPLES)
    model = _network(function, DEEP, offset, seed)
    watched = train(
        model, split, steps=1, optimizer=sgd(RATE), seed=seed, batch=SAMPLES, every=1
    ).result
    assert watched is not None, "this training was watched"
    first = watched.run.probes[0]
    return [first.sites[site.name].down_rms for site in watched.run.sites]


def _cosine(training: Training) -> float:
    """Mean over the weights, and over the probes that know the update before."""
    assert training.result is not None, "this training was watched"
    run = training.result.run
    weights = [parameter.name for parameter in run.parameters if parameter.role == "weight"]
    cosines = [probe.parameters[name].update_cosine for probe in run.probes for name in weights]
    return fmean(cosine for cosine in cosines if not math.isnan(cosine))


def _rises(trainings: Sequence[Training]) -> list[float]:
    return [
        fmean(after > before for before, after in zip(training.losses, training.losses[1:]))
        for training in trainings
    ]


def _losses_drawn(usual: Sequence[Training], moved: Sequence[Training]) -> Picture:
    return Picture(
        title="Training, centred and not",
        caption="Gradient descent on all samples at once: what goes up and down is not sampling. "
        "Bands: "
        "all seeds.",
        x="step",
        y="training loss / nats",
        series=(
            by_step("centred", [training.losses for training in usual]),
            by_step("off centre", [training.losses for training in moved]),
        ),
    )

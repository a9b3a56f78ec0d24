"""LSTM: a cure for gradients that vanish through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional as F

from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import by_step, over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.sequences import Recurrent, recurrent, shown_first
from stetho.article.training import Training, adam, train
from stetho.record import LayerStats, Picture

LAG, WIDTH, STEPS = 40, 32, 100
KEPT = 1e-3  # of the gradient, from the last steps to the first: stetho's limit
BETTER = 0.1  # accuracy
OPEN = 3.0  # bias of the forget gate: it lets 1 / (1 + e^-3) = 95 % pass
KINDS = {"plain": "plain RNN", "usual": "LSTM as torch makes it", "open": "LSTM, forget bias +3"}


@dataclass(frozen=True)
class LongShortTermMemory(AbstractClaim):
    """A digit is shown at the first of 40 steps, then nothing but zeros; after the last step the
    network says which it was. Three networks of 32 units learn this from the same batches of 32
    (Adam, rate 0.01, 100 steps): a plain RNN of tanh, an LSTM as torch makes it, and an LSTM whose
    forget gate begins open (its bias raised by 3). All are watched: the gradient that reaches the
    first tenth of the steps over that at the last tenth, before training."""

    id: ClassVar[str] = "LSTM"
    title: ClassVar[str] = "LSTM against vanishing through time"
    says: ClassVar[str] = (
        "An LSTM cures the vanishing gradients that a plain recurrent network has over long "
        "sequences, so that it can learn what a plain one cannot."
    )
    criterion: ClassVar[str] = (
        f"Of both LSTMs, the gradient at the first steps is at least {KEPT:g} of that at the last, "
        f"and the accuracy is at least {BETTER:.0%} above the plain network's."
    )
    take_away: ClassVar[str] = (
        "It is the open forget gate that carries the gradient, not the name: an LSTM whose gate "
        "begins half shut halves it at every step. Raise the forget gate's bias (1 to 3) where "
        "sequences are long; torch does not do it."
    )

    cell: str = "LSTM"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        trained = {key: [self._trained(key, seed) for seed in seeds] for key in KINDS}
        plain = [training.accuracy for training in trained["plain"]]
        kept = {key: [_kept(training) for training in of] for key, of in trained.items()}
        return Measured(
            (
                *(
                    geometric_mean(
                        f"gradient, first steps over last, {KINDS[key]}", kept[key], at_least=KEPT
                    )
                    for key in ("open", "usual")
                ),
                *(
                    mean(
                        f"accuracy beyond the plain RNN's, {KINDS[key]}",
                        [a.accuracy - b for a, b in zip(trained[key], plain, strict=True)],
                        at_least=BETTER,
                        unit="%",
                    )
                    for key in ("open", "usual")
                ),
                geometric_mean("gradient, first steps over last, plain RNN", kept["plain"]),
                mean("accuracy, plain RNN", plain, unit="%"),
                mean(
                    "accuracy, LSTM, forget bias +3",
                    [training.accuracy for training in trained["open"]],
                    unit="%",
                ),
            ),
            (self._gradients_drawn(seeds), _losses_drawn(trained)),
            seeds,
        )

    def _network(self, key: str, seed: int) -> Recurrent:
        kind = "RNN" if key == "plain" else self.cell
        return recurrent(kind, WIDTH, seed=seed, forget=OPEN if key == "open" else 0.0)

    def _trained(self, key: str, seed: int) -> Training:
        return train(
            self._network(key, seed),
            shown_first(data.load(seed=seed), LAG),
            steps=STEPS,
            optimizer=adam(0.01),
            seed=seed,
            batch=32,
            every=STEPS,
        )

    def _gradients_drawn(self, seeds: Sequence[int]) -> Picture:
        return Picture(
            title="The gradient through time",
            caption="Before training, from the answer at step 40 (right) back to the digit at "
            "step 1. "
            "Bands: all seeds.",
            x="step of the sequence",
            y="rms of ∂L/∂x",
            series=tuple(
                over_seeds(
                    name,
                    range(1, LAG + 1),
                    [_by_time(self._network(key, seed), seed) for seed in seeds],
                )
                for key, name in KINDS.items()
            ),
            log_y=True,
        )

    @classmethod
    def sabotaged(cls) -> LongShortTermMemory:
        return cls(cell="RNN")


def _kept(training: Training) -> float:
    assert training.result is not None, "this training was watched"
    stats: LayerStats = next(
        layer for layer in training.result.run.probes[0].layers.values() if layer.time_steps > 0
    )
    return stats.time_early / stats.time_late


def _by_time(network: Recurrent, seed: int) -> list[float]:
    """Rms of ∂L/∂x at each step of the sequence."""
    split = shown_first(data.load(seed=seed, samples=64), LAG)
    x = split.x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(network(x), split.y), x)
    by_time: list[float] = gradient.double().square().mean((0, 2)).sqrt().tolist()
    return by_time


def _losses_drawn(trained: dict[str, list[Training]]) -> Picture:
    return Picture(
        title="What is learned across 40 steps",
        caption="Where the gradient does not reach the digit there is nothing to learn from, "
        "until weights "
        "have grown. Bands: all seeds.",
        x="step of the training",
        y="training loss / nats",
        series=tuple(
            by_step(KINDS[key], [training.losses for training in of]) for key, of in trained.items()
        ),
    )

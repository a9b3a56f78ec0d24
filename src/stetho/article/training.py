"""A network, data, a learning rate → the network trained, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stetho.api import Result, watch
from stetho.article.data import Split

MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


@dataclass(frozen=True)
class Training:
    """How a training went."""

    losses: tuple[float, ...]  # one a step, in nats
    accuracy: float  # on the test part, in 0 … 1
    training_accuracy: float
    result: Result | None = None  # what stetho says, where it watched

    @property
    def mean_loss(self) -> float:
        """Over all steps: the area under the curve."""
        return sum(self.losses) / len(self.losses)


def sgd(lr: float, momentum: float = 0.0) -> MakeOptimizer:
    return lambda parameters: torch.optim.SGD(parameters, lr=lr, momentum=momentum)


def adam(lr: float = 1e-3) -> MakeOptimizer:
    return lambda parameters: torch.optim.Adam(parameters, lr=lr)


def train(
    model: nn.Module,
    split: Split,
    *,
    steps: int,
    optimizer: MakeOptimizer,
    seed: int,
    batch: int = 64,
    every: int | None = None,
    after: Callable[[int], None] = lambda step: None,
) -> Training:
    """Cross entropy on batches drawn anew each epoch, by `seed`.

    Args:
        every: have stetho look at every so many steps; `None`: it does not watch.
        after: called after each step, with its number.
    """
    made = optimizer(model.parameters())
    watched = watch(model, made, every=every) if every is not None else None
    losses = []
    with torch.random.fork_rng(devices=[]), watched or nullcontext():
        torch.manual_seed(seed)
        for step, rows in zip(range(steps), _batches(len(split.x), batch, seed)):
            made.zero_grad()
            loss = F.cross_entropy(model(split.x[rows]), split.y[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            made.step()
            losses.append(float(loss.detach()))
            after(step)
    return Training(
        tuple(losses),
        accuracy(model, split.x_test, split.y_test),
        accuracy(model, split.x, split.y),
        watched.result if watched is not None else None,
    )


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """In evaluation mode; the mode is left as it was."""
    training = model.training
    with torch.no_grad():
        right = (model.eval()(x).argmax(1) == y).float().mean()
    model.train(training)
    return float(right)


def _batches(samples: int, size: int, seed: int) -> Iterable[Tensor]:
    """Without end; the last batch of an epoch is left out if it is a short one.

    The generator is their own, so that networks with random slopes see the batches of their pairs.
    """
    generator = torch.Generator().manual_seed(seed)
    while True:
        for rows in torch.randperm(samples, generator=generator).split(size):  # type: ignore[no-untyped-call]
            if len(rows) == min(size, samples):
                yield rows

"""A task's name, a function, a seed → a short training: real data, a network, how it is set."""

from __future__ import annotations

from dataclasses import dataclass

from stetho.article import data
from stetho.article.networks import mlp
from stetho.article.training import Training, sgd, train

WIDTH, BATCH = 64, 32


@dataclass(frozen=True, slots=True)
class Task:
    """Data, and a network for it; all networks of a task and seed share weights and batches."""

    data: str
    depth: int  # hidden layers
    init: str = "he"  # as `networks.mlp` takes it
    samples: int | None = None  # of the training part; None: all
    steps: int = 60

    @property
    def name(self) -> str:
        return f"{self.data.replace('_', ' ')}, {self.depth} layers"

    def train(self, function: str, seed: int) -> Training:
        split = data.load(self.data, seed, self.samples)
        model = mlp(
            function,
            self.depth,
            WIDTH,
            seed=seed,
            inputs=split.features,
            outputs=split.classes,
            init=self.init,
        )
        return train(
            model, split, steps=self.steps, optimizer=sgd(0.02, 0.9), seed=seed, batch=BATCH
        )


# Shallow and deep, easy and less so, with weights that fit the function.
USUAL = tuple(Task(name, depth) for name in ("digits", "breast_cancer", "wine") for depth in (2, 6))
# With the weights that nn.Linear begins with, which are too small for a ReLU: its signal fades.
HARD = tuple(Task(name, 4, "torch") for name in ("digits", "breast_cancer", "wine"))

"""C4: ReLU gives sparse activations, and is cheap where the sigmoid needs an exponential."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import ClassVar

import torch
from torch.nn import functional as F

from stetho import activations
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.curves import over_seeds
from stetho.article.estimates import geometric_mean, mean
from stetho.article.networks import mlp
from stetho.article.training import Training, sgd, train
from stetho.record import Picture
from stetho.theory.gaussian import mean as gaussian_mean

DEPTH, WIDTH, STEPS, EVERY = 3, 64, 201, 50
SPARSE = 1 / 3  # share of exact zeros, in each hidden layer on average
DEARER = 1.5  # times as long: what counts as cheap beside it
ELEMENTS = 2**14  # 64 kB: input and output stay in the cache
CALLS, ROUNDS = 20, 15  # of a function; of a step a quarter as many calls
COMPARED = "sigmoid"


@dataclass(frozen=True)
class SparseAndCheap(AbstractClaim):
    """A network with 3 hidden layers of 64 units, weights by He's rule, learns scikit-learn's
    digits. Which share of its activations is exactly 0, by stetho's probes? Then the sigmoid's
    time over ReLU's, one thread, on 16,384 numbers that stay in the cache: both by turns, 15
    rounds of 20 calls, the median of the rounds; a run for each seed. Last, the same for a whole
    training step of that network on batches of 64."""

    id: ClassVar[str] = "C4"
    title: ClassVar[str] = "Sparse and cheap"
    says: ClassVar[str] = (
        "ReLU makes a layer's activations sparse, and it is cheap to compute where the sigmoid "
        "needs an exponential."
    )
    criterion: ClassVar[str] = (
        f"At least {SPARSE:.0%} of the activations are exactly 0 at the start, and at the end of "
        f"the training; and the sigmoid takes at least {DEARER:g} times as long, forward."
    )
    take_away: ClassVar[str] = (
        "About half of the activations are 0 with He's weights, and learning changes that little. "
        "The function alone is many times cheaper than a sigmoid, but in a network the products of "
        "matrices take nearly all of the time: do not choose a function by its cost before you "
        "have timed a whole step."
    )

    function: str = "relu"

    def measure(self, setting: Setting) -> Measured:
        seeds = setting.seeds(8, 3)
        trainings = [self._trained(seed) for seed in seeds]
        zeros = [_zeros(one) for one in trainings]
        forward, both = (
            [_ratio(_call(self.function, backward), _call(COMPARED, backward)) for _ in seeds]
            for backward in (False, True)
        )
        steps = [
            _ratio(_step(self.function, seed), _step(COMPARED, seed), CALLS // 4) for seed in seeds
        ]
        return Measured(
            (
                mean(
                    "activations that are exactly 0, at the start",
                    [by_step[0] for by_step in zeros],
                    at_least=SPARSE,
                    expected=_zeros_by_theory(self.function),
                    unit="%",
                ),
                mean(
                    "activations that are exactly 0, at the end",
                    [by_step[-1] for by_step in zeros],
                    at_least=SPARSE,
                    unit="%",
                ),
                geometric_mean("sigmoid's time over it, forward", forward, at_least=DEARER),
                geometric_mean("the same forward and backward", both),
                geometric_mean("the same of a whole training step", steps),
            ),
            (_zeros_drawn(trainings), _times_drawn(forward, both, steps)),
            seeds,
        )

    def _trained(self, seed: int) -> Training:
        model = mlp(self.function, DEPTH, WIDTH, seed=seed, init="he")
        split = data.load(seed=seed)
        return train(model, split, steps=STEPS, optimizer=sgd(0.05, 0.9), seed=seed, every=EVERY)

    @classmethod
    def sabotaged(cls) -> SparseAndCheap:
        return cls(function="sigmoid")


def _zeros(trained: Training) -> list[float]:
    """Share of exact zeros in each probe, mean over the sites."""
    assert trained.result is not None, "this training was watched"
    return [
        fmean(site.a_zero for site in probe.sites.values()) for probe in trained.result.run.probes
    ]


def _probed(trained: Training) -> tuple[int, ...]:
    assert trained.result is not None, "this training was watched"
    return tuple(probe.step for probe in trained.result.run.probes)


def _zeros_by_theory(name: str) -> float:
    """Of a normal pre-activation of mean 0."""
    record = activations.get(name)
    value, _ = gaussian_mean(lambda z: (record.phi(z) == 0).to(z.dtype), 1.0, record.kinks)
    return value


def _call(name: str, backward: bool) -> Callable[[], object]:
    """The function alone, on numbers that stay in the cache."""
    phi = activations.get(name).phi
    z = torch.linspace(-3, 3, ELEMENTS, requires_grad=backward)
    if not backward:
        return lambda: phi(z)
    upstream = torch.ones(ELEMENTS)
    return lambda: torch.autograd.grad(phi(z), z, upstream)


def _step(name: str, seed: int) -> Callable[[], object]:
    """Forward, backward and an optimizer's step of the whole network."""
    model, split = mlp(name, DEPTH, WIDTH, seed=seed, init="he"), data.load(seed=seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    x, y = split.x[:64], split.y[:64]

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _ratio(cheap: Callable[[], object], dear: Callable[[], object], calls: int = CALLS) -> float:
    """Median over the rounds of the second's time over the first's, taken by turns."""
    _seconds(cheap, calls), _seconds(dear, calls)  # what is slow the first time only
    return median(_seconds(dear, calls) / _seconds(cheap, calls) for _ in range(ROUNDS))


def _seconds(call: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - started


def _zeros_drawn(trainings: Sequence[Training]) -> Picture:
    return Picture(
        title="Exact zeros while it learns",
        caption="The share of the hidden activations that is exactly 0. Band: all seeds.",
        x="training step",
        y="share of activations",
        series=(
            over_seeds("exact zeros", _probed(trainings[0]), [_zeros(one) for one in trainings]),
        ),
    )


def _times_drawn(*ratios: Sequence[float]) -> Picture:
    return Picture(
        title="What the sigmoid costs",
        caption="Its time over ReLU's: much for the function alone, little for a whole step. "
        "Band: all "
        "runs.",
        x="what is timed",
        y="times as long",
        series=(
            over_seeds("sigmoid over ReLU", range(len(ratios)), list(zip(*ratios)), points=True),
        ),
        ticks=("forward", "forward and backward", "training step"),
    )

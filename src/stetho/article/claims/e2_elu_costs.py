"""E2: ELU's exponentials make training and inference slower than with ReLU and leaky ReLU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.activations.modules import build
from stetho.article import data
from stetho.article.claim import AbstractClaim, Measured, Setting
from stetho.article.estimates import median
from stetho.article.networks import mlp
from stetho.article.timing import by_turns, forward_backward
from stetho.record import NAN, Measure, Picture, Series

OTHERS = {"ReLU": "relu", "leaky ReLU": "leaky_relu"}
SIZES = {"in cache": 1 << 14, "out of cache": 1 << 21}  # numbers: 64 kB, 8 MB
SLOWER = 1.1  # times as long: a difference that somebody would notice
NARROW, WIDE = 128, 1024  # units of a hidden layer
DEPTH, BATCH = 2, 64


@dataclass(frozen=True)
class ELUCosts(AbstractClaim):
    """PyTorch's own functions on a CPU with one thread, on normal numbers: 16,384 of them, which
    fit into a processor's cache, and 2.1 million, which do not. Timed are inference (forward,
    without gradients) and training (forward and backward); then both for a network of 4 hidden
    layers of 256 units with batches of 256 digits. Time is the processor's, as other programs may
    run; functions take turns; of three readings the shortest counts; a ratio is taken in each
    round, and the median of the rounds is told."""

    id: ClassVar[str] = "E2"
    title: ClassVar[str] = "ELU costs more time"
    says: ClassVar[str] = (
        "ELU computes an exponential, so that training and inference take longer with it than "
        "with ReLU or leaky ReLU."
    )
    criterion: ClassVar[str] = (
        f"ELU takes at least {SLOWER:g} times as long as ReLU and as leaky ReLU: the function by "
        "itself, in inference and in training, on data in and out of cache; and so does the "
        f"training of a network of {WIDE:,} units a layer."
    )
    take_away: ClassVar[str] = (
        "The function alone may cost several times as much, and a network hardly anything: the "
        "wider the layers, the more of the time goes into matrix products. Time a step of your "
        "own network (`stetho choose` does) before you rule a function out for its cost."
    )

    function: str = "elu"

    def measure(self, setting: Setting) -> Measured:
        rounds = 15 if setting.quick else 25
        times = {
            **{
                f"{what}, {place}": by_turns(self._each(kernel, size), rounds)
                for place, size in SIZES.items()
                for what, kernel in (("inference", _forward), ("training", forward_backward))
            },
            f"training, {NARROW} units a layer": by_turns(self._networks(NARROW), rounds),
            f"training, {WIDE:,} units a layer": by_turns(self._networks(WIDE), rounds),
        }
        rows = [
            self._ratio(where, other, seconds, NAN if str(NARROW) in where else SLOWER)
            for where, seconds in times.items()
            for other in OTHERS
        ]
        return Measured(tuple(rows), (_picture(list(times), rows),))

    def _each(
        self, kernel: Callable[[nn.Module, Tensor], Callable[[], object]], size: int
    ) -> dict[str, Callable[[], object]]:
        z = torch.randn(size, generator=torch.Generator().manual_seed(0))
        return {name: kernel(build(activations.get(f)), z) for name, f in self._functions().items()}

    def _networks(self, width: int) -> dict[str, Callable[[], object]]:
        return {
            name: _learn(mlp(f, DEPTH, width, seed=0, init="he"))
            for name, f in self._functions().items()
        }

    def _functions(self) -> dict[str, str]:
        return {"": self.function, **OTHERS}

    def _ratio(
        self, where: str, other: str, seconds: dict[str, list[float]], limit: float
    ) -> Measure:
        return median(
            f"{where}: time over that of {other}",
            [own / others for own, others in zip(seconds[""], seconds[other])],
            at_least=limit,
            unit="×",
        )

    @classmethod
    def sabotaged(cls) -> ELUCosts:
        return cls(function="identity")  # nothing to compute


def _forward(module: nn.Module, z: Tensor) -> Callable[[], object]:
    def job() -> None:
        with torch.no_grad():
            module(z)

    return job


def _learn(model: nn.Module) -> Callable[[], object]:
    split = data.load()
    x, y = split.x[:BATCH], split.y[:BATCH]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def job() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return job


def _picture(places: list[str], rows: list[Measure]) -> Picture:
    x = tuple(range(len(places)))
    each = {other: rows[start :: len(OTHERS)] for start, other in enumerate(OTHERS)}
    return Picture(
        title="How much longer ELU takes",
        caption="The function by itself, small and large, then in whole networks; 1 is as long.",
        x="what is timed",
        y="time over the other's",
        series=tuple(
            Series(
                f"over {other}",
                x,
                tuple(row.value for row in own),
                tuple(row.low for row in own),
                tuple(row.high for row in own),
                points=True,
            )
            for other, own in each.items()
        ),
        ticks=tuple(places),
    )

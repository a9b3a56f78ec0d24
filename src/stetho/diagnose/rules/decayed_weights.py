"""`decayed-weights`: weights shrink because weight decay outweighs the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Optimizer, Parameter, Remedy, Run


class DecayedWeights(AbstractRule):
    """Does weight decay shrink the weights towards 0?

    Looks at: weights that have shrunk since the first probe, and the part of their update that is
    weight decay. The part is λ|w| relative to the gradient, or relative to the whole update if the
    optimizer decouples the decay (AdamW). Small weights carry neither signal nor gradient, so this
    rule comes before vanishing gradients and collapsed signals.

    Can look like it: weights before a normalisation, whose size does not matter. A network that
    learns gets a note at most.

    What helps: set the weight decay to 1e-4 … 1e-2 for SGD, or to 1e-2 … 1e-1 for AdamW.
    """

    name: ClassVar[str] = "decayed-weights"
    rank: ClassVar[int] = 13
    breaks: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "size": Limit(
            0.5,
            "current size of the weights relative to the first probe, median",
            "Half of the size is gone",
        ),
        "decay": Limit(
            0.5, "part of the update that is weight decay, median", "Most of the update"
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        sizes = [self._size(view, weight) for weight in view.weights]
        parts = [self._decay(view, weight) for weight in view.weights]
        sizes = [size for size in sizes if not math.isnan(size)]
        parts = [part for part in parts if not math.isnan(part)]
        if not sizes or not parts:
            return
        size, part = median(sizes), median(parts)
        if size < self.limit("size") and part > self.limit("decay"):
            yield self._finding(view, size, part)

    @staticmethod
    def _size(view: RunView, weight: Parameter) -> float:
        first = view.first_rms(weight.name)
        return view.parameter_now(weight.name, "rms") / first if first > 0 else math.nan

    @staticmethod
    def _decay(view: RunView, weight: Parameter) -> float:
        if not 0 <= weight.optimizer < len(view.run.optimizers):
            return math.nan
        optimizer = view.run.optimizers[weight.optimizer]
        size = optimizer.weight_decay * view.parameter_now(weight.name, "rms")
        if optimizer.name == "AdamW":
            step = view.parameter_now(weight.name, "update_rms")
            return min(1.0, optimizer.lr * size / step) if step > 0 else math.nan
        whole = size + view.parameter_now(weight.name, "grad_rms")
        return size / whole if whole > 0 else 0.0

    def _finding(self, view: RunView, size: float, part: float) -> Finding:
        decay = max(optimizer.weight_decay for optimizer in view.run.optimizers)
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message=f"The weights have shrunk to {percent(size)} of their first size, and "
            f"{percent(part)} "
            f"of their update is weight decay (set to {number(decay)}; medians over "
            f"{len(view.weights)} weights).",
            sites=tuple(weight.name for weight in view.weights),
            first_step=0,
            evidence={
                "size against the first": Evidence(size, self.limit("size"), "%"),
                "part of the step that is decay": Evidence(part, self.limit("decay"), "%"),
            },
            cause={"weight-decay": 1.0},
            remedies=(
                Remedy(
                    f"lower the weight decay to {number(decay / 100)}",
                    "the weights shrink 100 times more slowly and keep 99 % of their size",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return _shrinking(STUCK, weight_decay=0.5)

    @classmethod
    def absent(cls) -> Run:
        return _shrinking(LEARNS, weight_decay=0.0)


def _shrinking(losses: tuple[float, ...], weight_decay: float) -> Run:
    """Return a run whose weights end at a tenth of their size."""
    run = chain(4, losses=losses, optimizer=Optimizer("SGD", lr=0.1, weight_decay=weight_decay))
    last = run.probes[-1].step
    probes = []
    for probe in run.probes:
        part = 0.1 ** (probe.step / last)
        weights = {n: replace(s, rms=s.rms * part) for n, s in probe.parameters.items()}
        probes.append(replace(probe, parameters=weights))
    return replace(run, probes=tuple(probes))

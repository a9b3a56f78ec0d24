"""`untrained-weights`: weights get a gradient, but no optimizer holds them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import percent, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Parameter, Remedy, Run, Severity


class UntrainedWeights(AbstractRule):
    """Does an optimizer hold every weight that gets a gradient?

    Looks at: weights that require a gradient and get one, but that no optimizer holds; and tensors
    that an optimizer holds, but that never get a gradient. Both together mean that the optimizer
    was made for other tensors than those that are trained: for a model that was made again later,
    or for a copy. Tensors that no module holds either, as in a plain dict or list, are a warning.

    Can look like it: training the last layers alone, by passing only these to the optimizer. Then
    the optimizer's own weights get gradients, and the rule gives a note unless the network does not
    learn.

    What helps: make the optimizer after the model, from the parameters of the model that is
    trained. For weights that are to stay as they are, set `requires_grad` to False.
    """

    name: ClassVar[str] = "untrained-weights"
    rank: ClassVar[int] = 3
    limits: ClassVar[dict[str, Limit]] = {
        "most": Limit(
            0.5,
            "share of the weights that no optimizer holds, in a network that does not learn",
            "Most of the network then stays at its initial values",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.is_check or not view.run.optimizers:
            return
        weights = [p for p in view.run.parameters if p.role == "weight" and p.requires_grad]
        loose = [p for p in weights if p.optimizer < 0 and p.gradient]
        if loose:
            yield self._finding(view, loose, self._idle(view))

    @staticmethod
    def _idle(view: RunView) -> list[Parameter]:
        """What optimizers hold though no gradient ever comes, if none of it gets one."""
        held = [p for p in view.run.parameters if p.optimizer >= 0]
        pulls = [stats.grad_rms for p in held for stats in view.history(p.name)]
        return held if pulls and all(math.isnan(pull) for pull in pulls) else []

    def _finding(
        self, view: RunView, loose: Sequence[Parameter], idle: Sequence[Parameter]
    ) -> Finding:
        weights = [p for p in view.run.parameters if p.role == "weight" and p not in idle]
        share = len(loose) / max(1, len(weights))
        still = view.learning.hardly and share > self.limit("most")
        homeless = [p for p in loose if not p.model]
        names = tuple(parameter.name for parameter in loose)
        these = "these weights" if len(names) > 1 else "this weight"
        least = Severity.WARNING if homeless else Severity.NOTE
        severity = max(least, view.severity(severe=True)) if still else least
        return Finding(
            rule=self.name,
            severity=Severity.FAULT if idle else severity,
            message=f"{some(names)}: no optimizer holds {these} ({percent(share)} of all weights), "
            f"though {'they get' if len(names) > 1 else 'it gets'} a gradient."
            f"{_others(view, loose, idle)}{_homeless(view, homeless)}",
            sites=names,
            first_step=0,
            evidence={
                "weights that no optimizer holds": Evidence(share, self.limit("most"), "%"),
                "tensors in optimizers that never get a gradient": Evidence(len(idle)),
            },
            cause={"frozen": 1.0},
            remedies=(
                Remedy(
                    "put them into nn.ParameterDict or nn.ParameterList in place of a dict or a "
                    "list, and then make the optimizer",
                    "relative updates near 1e-3",
                )
                if homeless
                else Remedy(
                    "make the optimizer after the model, from the parameters of the model that is "
                    "trained",
                    "relative updates near 1e-3",
                )
                if idle or still
                else Remedy("set requires_grad to False if this is intended", "0 updates, as set"),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        run = chain(4, losses=STUCK)
        loose = [replace(p, optimizer=-1, trainable=False, gradient=True) for p in run.parameters]
        return replace(run, parameters=tuple(loose))

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)


def _homeless(view: RunView, homeless: Sequence[Parameter]) -> str:
    """Where tensors that no module holds are used."""
    if not homeless:
        return ""
    names = {parameter.name for parameter in homeless}
    layers = [layer.name for layer in view.run.layers if layer.weight in names]
    used = f" (used in {some(layers)})" if layers else ""
    return (
        f" No module holds {'them' if len(names) > 1 else 'it'} either{used}: "
        "model.parameters() does not contain what lies in a plain dict or list."
    )


def _others(view: RunView, loose: Sequence[Parameter], idle: Sequence[Parameter]) -> str:
    """Name the optimizer that holds other tensors, and how many of the same shape."""
    if not idle:
        return ""
    optimizer = view.run.optimizers[idle[0].optimizer].name
    alike = Counter(p.shape for p in loose) & Counter(p.shape for p in idle)
    same = f", {alike.total()} of the same shapes as these weights" if alike else ""
    return (
        f" {optimizer} holds {len(idle)} other tensors{same}; none of them ever gets a gradient: "
        "the optimizer was made for another model than the one that is trained."
    )

"""`lost-epsilon`: the number format of the weights has no place for the optimizer's ε."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Optimizer, Parameter, Remedy, Run

SMALLEST = 2.0**-24  # positive number in float16


class LostEpsilon(AbstractRule):
    """Does the optimizer's ε exist in the number format of the weights?

    Looks at: weights in float16 that Adam or a similar optimizer holds, and its ε. The smallest
    positive number of float16 is 6.0e-8. A smaller ε rounds to 0 there: where a gradient has been
    0, or its square rounds to 0, the step divides 0 by 0.

    Can look like it: mixed precision, whose weights stay in float32; it is not reported.

    What helps: keep the weights in float32 and use `torch.autocast` with a `GradScaler`, use
    bfloat16, or set `eps=1e-4`.
    """

    name: ClassVar[str] = "lost-epsilon"
    rank: ClassVar[int] = 1
    ends: ClassVar[bool] = True
    breaks: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "epsilon": Limit(
            SMALLEST / 2,
            "ε of an optimizer that holds weights in float16",
            "Half of the smallest positive number of float16, 2⁻²⁴: what is below rounds to 0",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.is_check:
            return
        for index, optimizer in enumerate(view.run.optimizers):
            held = [p for p in view.run.parameters if p.optimizer == index and p.trainable]
            half = [p for p in held if p.dtype == "float16"]
            if half and 0 < optimizer.epsilon <= self.limit("epsilon"):
                yield self._finding(view, optimizer, half)

    def _finding(self, view: RunView, optimizer: Optimizer, half: list[Parameter]) -> Finding:
        names = tuple(parameter.name for parameter in half)
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message=f"{some(names)}: float16, where the ε of {optimizer.name} "
            f"({number(optimizer.epsilon)}) rounds to 0: its steps divide 0 by 0.",
            sites=names,
            first_step=0,
            evidence={"ε": Evidence(optimizer.epsilon, self.limit("epsilon"))},
            cause={"operation": 1.0},
            remedies=(
                Remedy(
                    "keep the weights in float32 and use torch.autocast with a GradScaler, or set "
                    "eps=1e-4",
                    "0 non-finite weights after the first steps",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return _in("float16")

    @classmethod
    def absent(cls) -> Run:
        return _in("float32")


def _in(dtype: str) -> Run:
    adam = Optimizer("Adam", epsilon=1e-8, lr=1e-3)
    run = chain(4, losses=LEARNS if dtype == "float32" else STUCK, optimizer=adam)
    return replace(run, parameters=tuple(replace(p, dtype=dtype) for p in run.parameters))

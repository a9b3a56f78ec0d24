"""`heavy-dropout`: dropout leaves too little of what a layer is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, Remedy, Run, Severity


class HeavyDropout(AbstractRule):
    """Does dropout leave enough of the signal?

    Looks at: the share of each layer's input that a dropout before it sets to 0 in training steps.
    With a share p dropped, and the rest divided by 1 - p, the noise in each unit has p / (1 - p)
    times the power of the signal (Srivastava et al. 2014): 1 at p = 0.5, 4 at 0.8, 24 at 0.96. In a
    chain of such layers it adds up.

    Can look like it: wide layers that average over thousands of inputs. A network that learns gets
    a note.

    What helps: p between 0.1 and 0.5. Some libraries take the share that is kept, torch takes the
    share that is dropped.
    """

    name: ClassVar[str] = "heavy-dropout"
    rank: ClassVar[int] = 5
    limits: ClassVar[dict[str, Limit]] = {
        "dropped": Limit(
            0.8,
            "share of a layer's input that is set to 0",
            "The noise has four times the power of the signal; usual is 0.5 or less",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        dropping = [layer for layer in view.run.layers if layer.dropout > 0]
        most = max(dropping, key=lambda layer: layer.dropout, default=None)
        if most is not None and most.dropout > self.limit("dropped"):
            yield self._finding(view, most, prod(1 - layer.dropout for layer in dropping))

    def _finding(self, view: RunView, most: Layer, left: float) -> Finding:
        seen = view.learning
        short = seen.hardly or seen.little or seen.status == "slow"
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True) if short else Severity.NOTE,
            message=f"Dropout sets {percent(most.dropout)} of the input of layer {most.name} to 0; "
            f"all dropouts in sequence leave {percent(left)}.",
            sites=(most.name,),
            first_step=0,
            evidence={
                "largest share dropped": Evidence(most.dropout, self.limit("dropped"), "%"),
                "left by all in sequence": Evidence(left, unit="%"),
            },
            cause={"operation": 1.0},
            remedies=(
                Remedy(
                    "lower p to 0.5 or less (torch's p is the share that is dropped)",
                    "at least 50 % of each layer's input left",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return _dropping(chain(4, losses=STUCK), 0.96)

    @classmethod
    def absent(cls) -> Run:
        return _dropping(chain(4, losses=LEARNS), 0.5)


def _dropping(run: Run, share: float) -> Run:
    first, *others = run.layers
    return replace(run, layers=(first, *(replace(layer, dropout=share) for layer in others)))

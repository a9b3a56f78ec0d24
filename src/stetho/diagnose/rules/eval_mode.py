"""`eval-mode`: batch normalisation uses stored statistics while its network is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, Remedy, Run


class EvalMode(AbstractRule):
    """Does batch normalisation normalise by the batch while the network is trained?

    Looks at: batch normalisations after layers, in training steps. In eval mode they use stored
    statistics. If these are still 0 and 1, as they were made, nothing is normalised at all:
    `model.eval()` was called before training began, and never undone.

    Can look like it: fine-tuning a network whose normalisations are to stay as they are. Their
    statistics are not those that they were made with; a network that learns gets a note.

    What helps: call `model.train()` before each epoch, above all after validation.
    """

    name: ClassVar[str] = "eval-mode"
    rank: ClassVar[int] = 3
    limits: ClassVar[dict[str, Limit]] = {
        "layers": Limit(
            0.5,
            "share of the normalised layers in eval mode",
            "`model.eval()` switches a network as a whole",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        normalised = [layer for layer in view.run.layers if layer.statistics]
        initial = [layer for layer in normalised if layer.statistics == "initial"]
        fixed = initial or [layer for layer in normalised if layer.statistics == "stored"]
        if fixed and len(fixed) > self.limit("layers") * len(normalised) and not view.is_check:
            yield self._finding(view, fixed, len(fixed) / len(normalised), bool(initial))

    def _finding(
        self, view: RunView, fixed: Sequence[Layer], share: float, initial: bool
    ) -> Finding:
        names = tuple(layer.name for layer in fixed)
        which = "stored ones"
        if initial:
            which = "their initial values 0 and 1, so nothing is normalised"
        return Finding(
            rule=self.name,
            severity=view.severity(severe=initial),
            message=f"The batch normalisation after {some(names)} is in eval mode in training "
            f"steps: in place of the batch's mean and variance it uses {which}.",
            sites=names,
            first_step=0,
            evidence={"normalised layers in eval mode": Evidence(share, self.limit("layers"), "%")},
            cause={"normalisation": 1.0},
            remedies=(
                Remedy(
                    "call model.train() before each epoch (validation has called model.eval())",
                    "layer outputs with mean 0 and standard deviation 1",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return _normalised(chain(4, losses=STUCK), "initial")

    @classmethod
    def absent(cls) -> Run:
        return _normalised(chain(4, losses=LEARNS), "batch")


def _normalised(run: Run, statistics: str) -> Run:
    layers = (replace(layer, statistics=statistics) for layer in run.layers[:-1])
    return replace(run, layers=(*layers, run.layers[-1]))

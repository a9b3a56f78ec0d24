"""`runaway-targets`: the targets grow together with the predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose import moving
from stetho.diagnose.examples import LEARNS, chain
from stetho.diagnose.phrases import number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Criterion, Evidence, Finding, Remedy, Run


class RunawayTargets(AbstractRule):
    """Do the targets stay within bounds?

    Looks at: the variance of all targets of a squared error seen so far, over the run and in its
    second half, and the loss. Targets that are made of the network's own predictions, as in
    Q-learning, can grow with them. Then each step raises both, and the loss rises though every step
    follows its gradient.

    Can look like it: targets that grow for a while and then settle, as the values of a game do
    that is being learned. These are not reported.

    What helps: make the targets from a copy of the network that is updated every few hundred
    steps, use a discount below 1, clip the rewards, or lower the learning rate.
    """

    name: ClassVar[str] = "runaway-targets"
    rank: ClassVar[int] = 6
    breaks: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "growth": Limit(
            moving.AWAY,
            "variance of the targets relative to that of the first probes",
            "Two orders of magnitude",
        ),
        "lately": Limit(
            moving.DOUBLED,
            "variance of the targets relative to that halfway through the run",
            "Values of a game that is being learned have settled by then",
        ),
        "loss": Limit(
            moving.RISEN,
            "last loss relative to the first",
            "Ten times the rise from which a loss with fixed targets counts as diverged",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        seen = view.learning
        if not view.is_check and moving.run_away(view.run, seen.first, seen.last):
            yield self._finding(view)

    def _finding(self, view: RunView) -> Finding:
        seen = view.learning
        whole, lately = moving.growth(view.run)
        rise = seen.last / seen.first
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True),
            message=f"The variance of the targets has grown {number(whole)}-fold, in the second "
            f"half of the run {number(lately)}-fold, and the loss {number(rise)}-fold: the targets "
            "run away with the predictions.",
            first_step=0,
            evidence={
                "growth of the targets' variance": Evidence(whole, self.limit("growth"), "×"),
                "growth in the second half": Evidence(lately, self.limit("lately"), "×"),
                "growth of the loss": Evidence(rise, self.limit("loss"), "×"),
            },
            cause={"loss": 1.0},
            remedies=(
                Remedy(
                    "make the targets from a copy of the network that is updated every few hundred "
                    "steps, or use a discount below 1",
                    "targets that settle, and a loss that does not rise",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return _growing(4.0)

    @classmethod
    def absent(cls) -> Run:
        return replace(_growing(1.0), losses=LEARNS)


def _growing(factor: float) -> Run:
    """Targets whose variance grows by `factor` from probe to probe, and the loss with it."""
    run = chain(4, steps=range(0, 300, 20), losses=tuple(0.1 * 1.03**step for step in range(300)))
    probes = tuple(replace(p, baseline=factor**i) for i, p in enumerate(run.probes))
    squared = Criterion(function="mse_loss", target_low=-1.0, target_high=1.0)
    return replace(run, probes=probes, criteria=(squared,))

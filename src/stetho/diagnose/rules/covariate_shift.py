"""Movement of the units' means from one step to the next → `covariate-shift`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import at, normalised, number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RECENT, RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site, SiteStats


class CovariateShift(AbstractRule):
    """Does the distribution that a site sees jump from one step to the next?

    Looks at: the move of each unit's mean of z between two neighbouring steps, in deviations of
    that unit, root mean square over units; what two batches of samples differ by in any case is
    taken off by squares. The blame is shared by logarithms: how far the weights' relative updates
    exceed the usual 1e-3, and how much the move grows from the first site to the worst, which a
    normalisation would hold up.

    Can look like it: small batches, whose means differ by sampling alone; batches that are not
    shuffled. The first is taken off, the second is a fault of its own.

    What helps: a smaller learning rate or a warm-up, normalisation before the function.
    """

    name: ClassVar[str] = "covariate-shift"
    rank: ClassVar[int] = 42
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "move": Limit(
            1.0,
            "move of the units' means in one step, in their deviations",
            "Half of the samples cross to the other side of the mean; networks of the zoo's "
            "calibration half that learn move by up to 0.29",
        ),
        "signal": Limit(
            0.1,
            "spread of z against its offset, under which this rule is silent",
            "Collapsed signals are another symptom; their deviations are no measure",
        ),
        "usual": Limit(1e-3, "relative update from which the learning rate is blamed", "The usual"),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        moves = {site: self._now(view, site) for site in view.hidden}
        sites = [site for site, move in moves.items() if move > self.limit("move")]
        if sites:
            yield self._finding(view, sites, moves)

    def _now(self, view: RunView, site: Site) -> float:
        """Median over the last pairs of neighbouring steps."""
        known = [self._move(probe.sites.get(site.name)) for probe in self._second_of_pairs(view)]
        known = [move for move in known if not math.isnan(move)][-RECENT:]
        return median(known) if known else math.nan

    @staticmethod
    def _second_of_pairs(view: RunView) -> list[Probe]:
        pairs = zip(view.probes, view.probes[1:])
        return [second for first, second in pairs if second.step == first.step + 1]

    def _move(self, stats: SiteStats | None) -> float:
        """What is beyond sampling; NaN where z hardly varies, so that deviations mean nothing."""
        if stats is None or stats.unit_spread < self.limit("signal") * stats.unit_offset:
            return math.nan
        return stats.unit_move

    def _finding(self, view: RunView, sites: Sequence[Site], moves: dict[Site, float]) -> Finding:
        worst = max(sites, key=lambda site: moves[site])
        move = moves[worst]
        pairs = {probe.step for probe in self._second_of_pairs(view)}

        def stands(probe: Probe) -> bool:
            there = self._move(probe.sites.get(worst.name))
            return probe.step not in pairs or there > self.limit("move")

        update = view.typical_update()
        more = f"; {len(sites) - 1} more site{'s' * (len(sites) > 2)} too" if len(sites) > 1 else ""
        evidence = {"move in one step, in deviations": Evidence(move, self.limit("move"))}
        if not math.isnan(update):
            evidence["median relative update"] = Evidence(update, self.limit("usual"))
        return Finding(
            self.name,
            view.severity(severe=False),
            f"{at(worst)}: the units' means move by {number(move)} of their deviations in one "
            f"step, beyond what sampling gives{more}.",
            tuple(site.name for site in sites),
            view.since(stands),
            evidence,
            self._blame(update, moves[view.hidden[0]], move),
            (
                Remedy(
                    "lower the learning rate tenfold, or warm it up",
                    f"moves of {number(move / 10)} of a deviation a step",
                ),
                Remedy(
                    "put a batch or layer normalisation before the function",
                    "means of 0 and deviations of 1 in every step",
                ),
            ),
        )

    def _blame(self, update: float, first: float, worst: float) -> dict[str, float]:
        rate = math.log(update / self.limit("usual")) if update > 0 else 0.0
        grown = math.log(worst / first) if first > 0 else math.log1p(worst)
        return normalised({"learning-rate": rate, "normalisation": grown})

    @classmethod
    def present(cls) -> Run:
        moves = {"unit_shift": 3.0, "unit_shift_noise": 0.25}
        return chain(4, losses=STUCK, site=moves, parameter={"rms": 0.1, "update_rms": 5e-3})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS, site={"unit_shift": 0.3, "unit_shift_noise": 0.25})

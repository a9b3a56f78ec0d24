"""`covariate-shift`: the units' means move from one step to the next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import and_others, at, normalised, number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RECENT, RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site, SiteStats


class CovariateShift(AbstractRule):
    """Does the distribution that a site sees jump from one step to the next?

    Looks at: how far each unit's mean of z moves between two consecutive steps. The unit of
    measurement is the unit's own standard deviation; the units of a site are combined as a root
    mean square. The expected difference between two batches is subtracted (as squares). The blame
    is divided by logarithms between two parts. One is how far the relative updates of the weights
    exceed the usual 1e-3. The other is how much the movement grows from the first site to the
    worst; a normalisation would stop this growth.

    Can look like it: small batches, whose means differ by sampling alone, and batches that are not
    shuffled. The effect of small batches is subtracted; unshuffled batches are a fault of their
    own.

    What helps: use a smaller learning rate or a warm-up, or add normalisation before the activation
    function.
    """

    name: ClassVar[str] = "covariate-shift"
    rank: ClassVar[int] = 42
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "move": Limit(
            1.0,
            "movement of the units' means in one step, in standard deviations",
            "At 1, a large part of the samples crosses to the other side of the old mean. "
            "Networks in the zoo's calibration half that learn move by up to 0.29",
        ),
        "signal": Limit(
            0.1,
            "spread of z relative to its offset; below this value the rule reports nothing",
            "Collapsed signals are a different symptom; their standard deviations are not a "
            "useful unit",
        ),
        "usual": Limit(
            1e-3, "relative update above which the learning rate is blamed", "The usual value"
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        moves = {site: self._now(view, site) for site in view.hidden}
        sites = [site for site, move in moves.items() if move > self.limit("move")]
        if sites:
            yield self._finding(view, sites, moves)

    def _now(self, view: RunView, site: Site) -> float:
        """Return the median over the last pairs of consecutive steps."""
        known = [self._move(probe.sites.get(site.name)) for probe in self._second_of_pairs(view)]
        known = [move for move in known if not math.isnan(move)][-RECENT:]
        return median(known) if known else math.nan

    @staticmethod
    def _second_of_pairs(view: RunView) -> list[Probe]:
        pairs = zip(view.probes, view.probes[1:])
        return [second for first, second in pairs if second.step == first.step + 1]

    def _move(self, stats: SiteStats | None) -> float:
        """Return the movement beyond sampling; NaN where z barely varies."""
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
        more = and_others(len(sites) - 1)
        evidence = {"move in one step, in deviations": Evidence(move, self.limit("move"))}
        if not math.isnan(update):
            evidence["median relative update"] = Evidence(update, self.limit("usual"))
        return Finding(
            rule=self.name,
            severity=view.severity(severe=False),
            message=f"{at(worst)}: the units' means move by {number(move)} standard deviations "
            f"in one "
            f"step, after the effect of sampling is subtracted{more}.",
            sites=tuple(site.name for site in sites),
            first_step=view.since(stands),
            evidence=evidence,
            cause=self._blame(update, moves[view.hidden[0]], move),
            remedies=(
                Remedy(
                    "divide the learning rate by 10, or add a warm-up",
                    f"the means move by {number(move / 10)} standard deviations per step",
                ),
                Remedy(
                    "add batch or layer normalisation before the activation function",
                    "mean 0 and standard deviation 1 in every step",
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

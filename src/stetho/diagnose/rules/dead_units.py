"""`dead-units`: no sample activates some units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import and_others, at, normalised, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Severity, Site

ALL = 0.999  # share of a site's units that counts as all of them


class DeadUnits(AbstractRule):
    """Does any sample still activate each unit?

    Looks at: functions with a flat side, such as ReLU. A unit is dead if every sample of two
    consecutive probes falls on the flat side. Its gradient is exactly 0, so training cannot revive
    it. The blame is computed unit by unit: would the unit be active if its bias were 0? A unit that
    was active at first and died after an update of more than a tenth of the weight's size is
    attributed to the learning rate. If the input of the layer is all 0, the unit is attributed to
    the input.

    Can look like it: a unit that detects something rare and is silent in the samples that were
    probed; more samples decide. A few dead units in a wide layer do no harm. If all units of all
    hidden sites are dead, the output is constant, which is a fault even while the loss falls.

    What helps: use a lower learning rate or a warm-up, initialise the biases with 0, use leaky ReLU
    or ELU, or add normalisation before the activation function.
    """

    name: ClassVar[str] = "dead-units"
    rank: ClassVar[int] = 16
    breaks: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "share": Limit(
            0.5,
            "share of a site's units that are dead",
            "In the zoo's calibration half, networks that learn have up to 0.38 dead units, many "
            "of them from the start, with torch's default initialisation",
        ),
        "severe": Limit(
            0.8,
            "share of a site's units that are dead",
            "Only a fifth of the layer's width is left",
        ),
        "samples": Limit(
            200,
            "samples on which half of the silent units must have been silent before they count",
            "A unit that is active for 2 % of the samples is silent on 200 samples with a "
            "probability of 1.8 % (0.98²⁰⁰)",
        ),
        "update": Limit(
            0.1,
            "relative update above which a step counts as a jump",
            "One hundred times the usual 1e-3",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        sites = [site for site in view.hidden if self._dead(view, site) > self.limit("share")]
        sites = [site for site in sites if self._enough(view, site)]
        if sites:
            yield self._finding(view, sites)

    @staticmethod
    def _dead(view: RunView, site: Site) -> float:
        flat = site.function.flat_below is not None or site.function.flat_above is not None
        return view.now(site, "dead") if flat or not site.function.known else 0.0

    def _enough(self, view: RunView, site: Site) -> bool:
        return view.now(site, "silent_samples") >= self.limit("samples")

    def _finding(self, view: RunView, sites: Sequence[Site]) -> Finding:
        roots = self._roots(view, sites)
        worst = max(roots, key=lambda site: self._dead(view, site))
        share, samples = self._dead(view, worst), view.now(worst, "silent_samples")
        half = max(self.limit("share"), share / 2)
        onset = view.since(lambda probe: self._dead_in(probe, worst) > half)
        cause = self._blame(view, roots, onset)
        blocked = share >= ALL and view.now(worst, "down_rms") == 0 and not worst.residual
        severity = view.severity(share > self.limit("severe"))
        if blocked and (view.learning.status != "learns" or self._nothing_lives(view)):
            severity = Severity.FAULT
        blame = max(cause, key=lambda name: cause[name])
        more = and_others(len(sites) - 1)
        return Finding(
            rule=self.name,
            severity=severity,
            message=f"{at(worst)}: {percent(share)} of {worst.units} units are dead; half of "
            f"these were "
            f"silent on all of the last {samples:.0f} samples{more}. {percent(cause[blame])} of "
            f"this is due to {_words(blame)}.",
            sites=tuple(site.name for site in sites),
            first_step=onset,
            evidence={
                "dead units": Evidence(share, self.limit("share"), "%"),
                "samples looked at": Evidence(samples, self.limit("samples")),
            },
            cause=cause,
            remedies=self._remedies(worst, cause, share),
        )

    def _nothing_lives(self, view: RunView) -> bool:
        """Whether every path is blocked, so that the output is constant."""
        return all(self._dead(view, s) >= ALL and not s.residual for s in view.hidden)

    @staticmethod
    def _roots(view: RunView, sites: Sequence[Site]) -> Sequence[Site]:
        """Return the sites whose input is not 0: a dead layer also kills the layers after it."""
        return [s for s in sites if view.layer_now(s.layer, "x_rms") != 0] or sites

    @staticmethod
    def _dead_in(probe: Probe, site: Site) -> float:
        stats = probe.sites.get(site.name)
        return math.nan if stats is None else stats.dead

    def _blame(self, view: RunView, sites: Sequence[Site], onset: int | None) -> dict[str, float]:
        parts = {"bias": 0.0, "weights": 0.0, "input": 0.0, "learning-rate": 0.0}
        for site in sites:
            dead = self._dead(view, site)
            for name, value in self._blame_of(view, site, dead, onset).items():
                parts[name] += dead * value
        return normalised(parts)

    def _blame_of(
        self, view: RunView, site: Site, dead: float, onset: int | None
    ) -> dict[str, float]:
        if view.layer_now(site.layer, "x_rms") == 0:
            return {"input": 1.0}
        bias = view.now(site, "dead_by_bias")
        bias = 0.0 if math.isnan(bias) else bias
        jumped = self._died_of_a_jump(view, site, dead, onset)
        return {
            "learning-rate": jumped,
            "bias": (1 - jumped) * bias,
            "weights": (1 - jumped) * (1 - bias),
        }

    def _died_of_a_jump(self, view: RunView, site: Site, dead: float, onset: int | None) -> float:
        """Return the share of dead units that were active at first, if a jump came before they
        died.
        """
        first, layer = view.first(site), view.layer(site.layer)
        if first is None or layer is None or onset is None:
            return 0.0
        died = max(0.0, dead - first.silent) / dead
        jumps = [view.largest_update(name, onset) for name in (layer.weight, layer.bias)]
        return died if any(jump > self.limit("update") for jump in jumps) else 0.0

    @staticmethod
    def _remedies(site: Site, cause: dict[str, float], share: float) -> tuple[Remedy, ...]:
        blame = max(cause, key=lambda name: cause[name])
        do = {
            "learning-rate": "divide the learning rate by 10, or add a warm-up",
            "bias": f"initialise {site.bias} with 0",
            "weights": (
                f"initialise the weights of layer {site.layer} again, with mean 0 and He's gain √2"
            ),
            "input": f"find out why the input of layer {site.layer} is all 0",
        }[blame]
        return (
            Remedy(
                do,
                f"half of the samples activate each unit; currently, {percent(share)} of the "
                "units are dead",
            ),
            Remedy(
                f"replace {site.function.name} with leaky ReLU or ELU",
                f"the slope is never 0, so the {percent(share)} of dead units receive a gradient "
                "again (1 % of the usual gradient with a leak of 0.01)",
            ),
        )

    @classmethod
    def present(cls) -> Run:
        dead = {
            "dead": 0.9,
            "silent": 0.9,
            "never_active": 0.5,
            "silent_samples": 3200,
            "dead_by_bias": 0.8,
        }
        return chain(4, losses=STUCK, site=dead)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS, site={"dead": 0.02, "silent": 0.02, "silent_samples": 3200})


def _words(cause: str) -> str:
    return {
        "bias": "their bias",
        "weights": "their weights",
        "learning-rate": "a jump of the learning rate",
        "input": "an input that is all 0",
    }.get(cause, cause)

"""Units that no sample activates → `dead-units`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import at, normalised, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Severity, Site

ALL = 0.999  # share of a site's units that counts as all of them


class DeadUnits(AbstractRule):
    """Does any sample still activate each unit?

    Looks at: units of functions with a flat side (ReLU and its kin) that no sample of two probes
    in a row took off that side. Their gradient is exactly 0, so nothing brings them back. The
    blame is computed unit by unit: would it be active if its bias were 0? Units that lived at
    first and died after an update of more than a tenth of the weight's size are laid to the
    learning rate; where the layer's input itself is all zero, to the input.

    Can look like it: a detector of something rare, silent in the samples that were looked at; more
    samples decide. A few dead units in a wide layer harm nothing. Where all units of all hidden
    sites are dead the output is a constant, and it is a fault even if the loss falls.

    What helps: a lower learning rate or a warm-up, biases that begin at 0, a function that leaks
    (leaky ReLU, ELU), normalisation before the function.
    """

    name: ClassVar[str] = "dead-units"
    rank: ClassVar[int] = 16
    limits: ClassVar[dict[str, Limit]] = {
        "share": Limit(
            0.5,
            "share of a site's units that are dead",
            "Zoo, calibration half: up to 0.38 are dead in networks that learn, many of them from "
            "the start, with torch's default initialisation",
        ),
        "severe": Limit(
            0.8,
            "share of a site's units that are dead",
            "A fifth of a layer's width is left",
        ),
        "samples": Limit(
            200,
            "samples that must have left half of the silent units so before they count",
            "A unit that is active for 2 % of the samples is missed by 200 of them in 1.8 % of "
            "the cases, 0.98²⁰⁰",
        ),
        "update": Limit(
            0.1,
            "relative update from which a step counts as a jump",
            "A hundred times the usual 1e-3",
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
        more = f"; {len(sites) - 1} more site{'s' * (len(sites) > 2)} too" if len(sites) > 1 else ""
        return Finding(
            self.name,
            severity,
            f"{at(worst)}: {percent(share)} of {worst.units} units are silent, half of them on all "
            f"of the last {samples:.0f} samples{more}; {percent(cause[blame])} of the blame is "
            f"{_words(blame)}.",
            tuple(site.name for site in sites),
            onset,
            {
                "dead units": Evidence(share, self.limit("share"), "%"),
                "samples looked at": Evidence(samples, self.limit("samples")),
            },
            cause,
            self._remedies(worst, cause, share),
        )

    def _nothing_lives(self, view: RunView) -> bool:
        """Whether the output does not depend on the input: what is learned is a constant."""
        return all(self._dead(view, s) >= ALL and not s.residual for s in view.hidden)

    @staticmethod
    def _roots(view: RunView, sites: Sequence[Site]) -> Sequence[Site]:
        """Those that something enters: behind a layer that is dead, the next one dies for it."""
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
        """Share of the dead units that lived at first, if a jump came before they died."""
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
            "learning-rate": "lower the learning rate tenfold, or warm it up",
            "bias": f"initialise {site.bias} at 0",
            "weights": f"initialise the weights of layer {site.layer} anew: mean 0, He's gain √2",
            "input": f"find out why what enters layer {site.layer} is all 0",
        }[blame]
        return (
            Remedy(do, f"half of the samples activate a unit; {percent(share)} of them have none"),
            Remedy(
                f"use leaky ReLU or ELU in place of {site.function.name}",
                f"the slope is never 0: the {percent(share)} that are dead get a gradient again "
                f"(a hundredth of the usual one with a leak of 0.01)",
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
        "learning-rate": "a learning-rate jump",
        "input": "an input that is all 0",
    }.get(cause, cause)

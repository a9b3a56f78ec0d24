"""`over-sparse`: units are active, but for very few samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import and_others, at, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site, SiteStats


class OverSparse(AbstractRule):
    """Are so few outputs non-zero that too little gradient passes?

    Looks at: the share of a site's outputs that are exactly 0, for functions with a flat side such
    as ReLU. An output of 0 passes no gradient. The blame is divided between three causes. The bias
    is blamed as far as its size explains how far z lies below 0. The learning rate is blamed as far
    as the zeros appeared during training. The rest is attributed to the weights.

    Can look like it: sparse detectors late in a healthy training. ReLU on normal inputs has half of
    its outputs at 0 by design.

    What helps: initialise the biases with 0, use a lower learning rate, or use leaky ReLU or ELU.
    """

    name: ClassVar[str] = "over-sparse"
    rank: ClassVar[int] = 24
    limits: ClassVar[dict[str, Limit]] = {
        "zeros": Limit(
            0.95,
            "share of a site's outputs that are exactly 0",
            "One twentieth of the outputs is left. Networks in the zoo's calibration half that "
            "learn have up to 0.71",
        ),
        "severe": Limit(
            0.99, "the same share, at which almost no gradient passes", "One output in 100 is left"
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        sites = [site for site in view.hidden if self._sparse(site, view.now(site, "a_zero"))]
        if sites:
            yield self._finding(view, sites)

    def _sparse(self, site: Site, zeros: float) -> bool:
        flat = site.function.flat_below is not None or site.function.flat_above is not None
        return flat and zeros > self.limit("zeros")

    def _finding(self, view: RunView, sites: Sequence[Site]) -> Finding:
        worst = max(sites, key=lambda site: view.now(site, "a_zero"))
        zeros = view.now(worst, "a_zero")

        def stands(probe: Probe) -> bool:
            stats = probe.sites.get(worst.name)
            return stats is not None and self._sparse(worst, stats.a_zero)

        more = and_others(len(sites) - 1)
        mean, std = view.now(worst, "z_mean"), view.now(worst, "z_std")
        return Finding(
            rule=self.name,
            severity=view.severity(zeros > self.limit("severe")),
            message=f"{at(worst)}: {percent(zeros)} of the outputs are exactly 0{more}; z has mean "
            f"{number(mean)} and standard deviation {number(std)}.",
            sites=tuple(site.name for site in sites),
            first_step=view.since(stands),
            evidence={"outputs that are 0": Evidence(zeros, self.limit("zeros"), "%")},
            cause=self._blame(view, worst, zeros),
            remedies=(
                Remedy(
                    f"initialise {worst.bias or 'the bias'} with 0",
                    "half of the outputs are 0 on normal inputs",
                ),
                Remedy(
                    f"replace {worst.function.name} with leaky ReLU or ELU",
                    f"the slope is never 0, so the {percent(zeros)} of zero outputs pass a "
                    "gradient again",
                ),
            ),
        )

    @staticmethod
    def _blame(view: RunView, site: Site, zeros: float) -> dict[str, float]:
        first: SiteStats | None = view.first(site)
        began = first.a_zero if first is not None else zeros
        came = max(0.0, zeros - max(began, 0.5)) / max(zeros - 0.5, 1e-9)
        size = view.parameter_now(site.bias, "rms")
        mean = abs(view.now(site, "z_mean"))
        by_bias = min(1.0, size / mean) if size > 0 and mean > 0 else 0.0
        if math.isnan(came):
            came = 0.0
        return normalised(
            {
                "learning-rate": came,
                "bias": (1 - came) * by_bias,
                "weights": (1 - came) * (1 - by_bias),
            }
        )

    @classmethod
    def present(cls) -> Run:
        return chain(4, losses=STUCK, site={"a_zero": 0.97, "z_mean": -2.0})

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS, site={"a_zero": 0.6})

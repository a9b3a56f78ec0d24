"""Units that live, but for hardly any sample → `over-sparse`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import at, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site, SiteStats


class OverSparse(AbstractRule):
    """Are so few units active that learning is starved?

    Looks at: the share of a site's outputs that are exactly 0, for functions with a flat side
    (ReLU and its kin). What is 0 passes no gradient. The blame is shared between the bias, as far
    as its size accounts for how far z lies below 0, the rate of learning, as far as the zeros came
    with training, and the weights.

    Can look like it: sparse detectors late in a training that goes well; ReLU on normal inputs
    has half of its outputs at 0 by design.

    What helps: biases that begin at 0, a lower learning rate, a function that leaks.
    """

    name: ClassVar[str] = "over-sparse"
    rank: ClassVar[int] = 24
    limits: ClassVar[dict[str, Limit]] = {
        "zeros": Limit(
            0.95,
            "share of a site's outputs that are exactly 0",
            "A twentieth is left; networks of the zoo's calibration half that learn have up to "
            "0.71 zeros",
        ),
        "severe": Limit(0.99, "share at which next to nothing passes", "One output in a hundred"),
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

        more = f"; {len(sites) - 1} more site{'s' * (len(sites) > 2)} too" if len(sites) > 1 else ""
        mean, std = view.now(worst, "z_mean"), view.now(worst, "z_std")
        return Finding(
            self.name,
            view.severity(zeros > self.limit("severe")),
            f"{at(worst)}: {percent(zeros)} of the outputs are exactly 0{more}; z is "
            f"{number(mean)} ± {number(std)} there.",
            tuple(site.name for site in sites),
            view.since(stands),
            {"outputs that are 0": Evidence(zeros, self.limit("zeros"), "%")},
            self._blame(view, worst, zeros),
            (
                Remedy(
                    f"initialise {worst.bias or 'the bias'} at 0",
                    "half of the outputs are 0 on normal inputs",
                ),
                Remedy(
                    f"use leaky ReLU or ELU in place of {worst.function.name}",
                    f"the slope is never 0: the {percent(zeros)} pass a gradient again",
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

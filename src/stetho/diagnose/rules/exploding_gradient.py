"""`exploding-gradient`: the gradient grows from the last site to the first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, TANH, chain
from stetho.diagnose.phrases import at, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView, Span
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site


class ExplodingGradient(AbstractRule):
    """Does the gradient grow from the last hidden site to the first?

    Looks at: the same factors as vanishing-gradient, multiplied over all hidden sites. The effect
    is measured as the largest relative update of the first layer's weight in any probe.

    Can look like it: a step at which the loss jumps has large gradients in all layers. The cause is
    then the learning rate. This rule reports nothing there, because the gradient does not grow with
    depth.

    What helps: use smaller initial weights or add normalisation. Gradient clipping is a stopgap.
    """

    name: ClassVar[str] = "exploding-gradient"
    rank: ClassVar[int] = 15
    stops: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "total": Limit(
            1e3,
            "gradient at the first site relative to the last site",
            "The inverse of the limit of vanishing-gradient",
        ),
        "severe": Limit(
            1e5,
            "the same ratio, at which no learning rate suits both ends of the network",
            "The inverse of the limit of vanishing-gradient",
        ),
        "update": Limit(
            1.0,
            "largest relative update of the first layer's weight",
            "An update as large as the weight replaces it; the usual value is 1e-3",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for sites in view.models:
            span = view.last_span(sites)
            if span is not None and len(sites) >= 3 and self._explodes(sites, span):
                yield self._finding(view, sites, span)

    def _explodes(self, sites: Sequence[Site], span: Span) -> bool:
        first, last = math.prod(sites[0].shape[1:]), math.prod(sites[-1].shape[1:])
        norm = span.total * math.sqrt(first / last) if first and last else span.total
        return min(span.total, norm) > self.limit("total")

    def _finding(self, view: RunView, sites: Sequence[Site], span: Span) -> Finding:
        layer = view.layer(sites[0].layer)
        update = view.largest_update(layer.weight if layer else None)
        severe = span.total > self.limit("severe") or update > self.limit("update")

        def stands(probe: Probe) -> bool:
            there = view.span(sites, probe)
            return there is not None and self._explodes(sites, there)

        shares = span.shares(shrinking=False)
        blame = max(shares, key=lambda name: shares[name])
        of = {"slope": "slopes above 1", "weights": "the weights between the sites"}[blame]
        evidence = {
            "gradient, first site to last": Evidence(span.total, self.limit("total")),
            "factor per site": Evidence(span.per_site, unit="×"),
        }
        if not math.isnan(update):
            evidence["largest relative update of the first layer"] = Evidence(
                update, self.limit("update")
            )
        return Finding(
            rule=self.name,
            severity=view.severity(severe),
            message=f"The gradient is multiplied by {number(span.total)} from {at(sites[-1])} "
            f"back to "
            f"{at(sites[0])}, by {number(span.per_site)} per site; {percent(shares[blame])} of "
            f"this is due to {of}.",
            sites=tuple(site.name for site in sites),
            first_step=view.since(stands),
            evidence=evidence,
            cause=normalised(shares),
            remedies=(
                Remedy(
                    f"initialise the weights {number(span.per_site)} times smaller",
                    f"a factor near 1 per site (currently {number(span.per_site)})",
                ),
                Remedy(
                    "add batch or layer normalisation before each activation function",
                    "a weight factor near 1, regardless of the scale of the weights",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        return chain(12, function=TANH, slope=0.9, weight=4.0, losses=STUCK)

    @classmethod
    def absent(cls) -> Run:
        return chain(12, function=TANH, slope=0.9, weight=1.1, losses=LEARNS)

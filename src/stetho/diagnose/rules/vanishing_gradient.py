"""`vanishing-gradient`: the gradient shrinks from the last site to the first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stetho.diagnose import expected
from stetho.diagnose.examples import LEARNS, RELU, SIGMOID, STUCK, chain
from stetho.diagnose.phrases import at, normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView, Span
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Site


class VanishingGradient(AbstractRule):
    """How much of the gradient reaches the first hidden site?

    Looks at: the gradient's root mean square at each hidden site (a place where an activation
    function is applied), before and after the function. The product of the sites' slope factors and
    the weight factors between them is the total change, so their logarithms divide the blame
    exactly. The effect is measured too: the relative update of the first layer's weight, divided by
    that of the last layer's weight.

    Can look like it: residual networks, where the sum carries the gradient past the sites, so the
    gradient shrinks little. A network that has converged has small gradients in all layers, not
    only in the first ones. Early layers with many more elements (images) have a small mean per
    element, so the norm over all elements must have shrunk as well.

    What helps: use an activation function whose slope is near 1 at its inputs (ReLU, leaky ReLU,
    ELU), with matching initialisation. Or add batch or layer normalisation, or residual
    connections.
    """

    name: ClassVar[str] = "vanishing-gradient"
    rank: ClassVar[int] = 20
    stops: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "total": Limit(
            1e-3,
            "gradient at the first site relative to the last site",
            "Ten layers, each of which halves the gradient: 0.5¹⁰ ≈ 1e-3",
        ),
        "severe": Limit(
            1e-5,
            "the same ratio, at which plain gradient descent cannot train the first layers",
            "At a learning rate of 0.1 and unit gradients in the last layer, updates are below "
            "1e-6 per step, a thousandth of the usual 1e-3 of the weight's size",
        ),
        "updates": Limit(
            1e-2,
            "relative update of the first layer, divided by that of the last layer",
            "A layer that changes 100 times more slowly stays a random projection during the run",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for model in view.models:
            sites = self._reached(view, model)
            span = view.span(sites)
            if span is not None and len(model) >= 3 and self._vanishes(sites, span):
                yield self._finding(view, model, sites, span)
            elif len(model) >= 3 and (view.learning.status == "slow" or view.learning.little):
                yield from self._at_first(view, model)

    def _at_first(self, view: RunView, model: Sequence[Site]) -> Iterator[Finding]:
        """Return a note: the gradient arrives now, but the time until then was lost."""
        start = view.probes[0]
        span = view.span(model, start)
        if span is None or not self._vanishes(model, span):
            return
        shares = span.shares(shrinking=True)
        yield Finding(
            rule=self.name,
            severity=view.severity(span.total < self.limit("severe")),
            message=f"At the start: {self._message(model, span, shares)} The gradient now "
            f"reaches the "
            "first layer.",
            sites=tuple(site.name for site in model),
            first_step=start.step,
            evidence={
                "gradient, first site to last, at the start": Evidence(
                    span.total, self.limit("total")
                ),
                "factor per site": Evidence(span.per_site, unit="×"),
            },
            cause=normalised(shares),
            remedies=self._remedies(model, span, shares),
        )

    @staticmethod
    def _reached(view: RunView, sites: Sequence[Site]) -> Sequence[Site]:
        """Return the sites that any gradient reaches, or none if a flat function blocks the
        gradient.

        Dead or saturated units block the gradient at once, which is another symptom. The remaining
        cause is a gradient below the smallest number of float32.
        """
        for place in reversed(range(len(sites))):
            if view.now(sites[place], "down_rms") == 0:
                blocked = view.now(sites[place], "up_rms") > 0 and _is_flat(sites[place])
                return () if blocked else sites[place + 1 :]
        return sites

    def _vanishes(self, sites: Sequence[Site], span: Span) -> bool:
        """Whether the gradient shrinks per element and over all elements."""
        first, last = math.prod(sites[0].shape[1:]), math.prod(sites[-1].shape[1:])
        norm = span.total * math.sqrt(first / last) if first and last else span.total
        return max(span.total, norm) < self.limit("total")

    def _finding(
        self, view: RunView, model: Sequence[Site], sites: Sequence[Site], span: Span
    ) -> Finding:
        updates = self._updates(view, model)
        slow = updates < self.limit("updates") if not math.isnan(updates) else False
        severe = span.total < self.limit("severe") or slow

        def stands(probe: Probe) -> bool:
            there = view.span(sites, probe)
            return there is not None and self._vanishes(sites, there)

        severe = severe or len(sites) < len(model)
        shares = span.shares(shrinking=True)
        evidence = {
            "gradient, first site to last": Evidence(span.total, self.limit("total")),
            "factor per site": Evidence(span.per_site, unit="×"),
        }
        if not math.isnan(updates):
            limit = self.limit("updates")
            evidence["relative update, first layer to last"] = Evidence(updates, limit)
        evidence |= self._under_epsilon(view, model[0])
        return Finding(
            rule=self.name,
            severity=view.severity(severe),
            message=self._message(sites, span, shares)
            + (f" No gradient arrives before {at(sites[0])}." if len(sites) < len(model) else ""),
            sites=tuple(site.name for site in model),
            first_step=view.since(stands),
            evidence=evidence,
            cause=normalised(shares),
            remedies=self._remedies(sites, span, shares),
        )

    @staticmethod
    def _message(sites: Sequence[Site], span: Span, shares: dict[str, float]) -> str:
        blame = max(shares, key=lambda name: shares[name])
        names = sorted({site.function.name for site in sites})
        function = names[0] if len(names) == 1 else "activation functions"
        of = f"the slope of {function}" if blame == "slope" else "the weights between the sites"
        return (
            f"The gradient at {at(sites[0])} is {number(span.total)} times the gradient at "
            f"{at(sites[-1])}: it is multiplied by {number(span.per_site)} per site, and "
            f"{percent(shares[blame])} of this is due to {of}."
        )

    @staticmethod
    def _updates(view: RunView, sites: Sequence[Site]) -> float:
        """Return the relative update of the first site's weight over that of the last site's
        weight.
        """
        layers = [view.layer(sites[0].layer), view.layer(sites[-1].layer)]
        early, late = (view.relative_update(layer.weight if layer else None) for layer in layers)
        return early / late if late > 0 else math.nan

    @staticmethod
    def _under_epsilon(view: RunView, site: Site) -> dict[str, Evidence]:
        """Return evidence if the gradient is below ε: Adam divides by √v + ε, so nothing moves."""
        layer = view.layer(site.layer)
        parameter = view.parameter(layer.weight if layer else None)
        if parameter is None or not 0 <= parameter.optimizer < len(view.run.optimizers):
            return {}
        epsilon = view.run.optimizers[parameter.optimizer].epsilon
        gradient = view.parameter_now(parameter.name, "grad_rms")
        if not epsilon or not gradient < epsilon:
            return {}
        return {
            "first weight's gradient, against the optimizer's epsilon": Evidence(gradient, epsilon)
        }

    @staticmethod
    def _remedies(
        sites: Sequence[Site], span: Span, shares: dict[str, float]
    ) -> tuple[Remedy, ...]:
        slopes = math.prod(span.slopes) ** (1 / len(span.slopes))
        found = []
        if shares["slope"] >= 0.3:
            found.append(
                Remedy(
                    f"replace {sites[0].function.name} with ReLU or ELU, and re-initialise the "
                    "weights with stetho.init_",
                    f"a factor of {expected.plain('relu')} or {expected.plain('elu')} per site "
                    f"(currently {number(span.per_site)})",
                )
            )
        if shares["weights"] >= 0.3 and slopes > 0:
            weights = math.prod(span.weights) ** (1 / max(1, len(span.weights)))
            found.append(
                Remedy(
                    f"initialise the weights {number(1 / weights)} times larger",
                    f"a weight factor of 1, and a total factor of {number(slopes)} per site "
                    f"(currently {number(span.per_site)})",
                )
            )
        name = sites[0].function.name
        factor = expected.normalised(name) or "1.0 to 1.2 for the usual functions"
        found.append(
            Remedy(
                "add batch normalisation before each activation function (stetho.insert_norm)",
                "z keeps variance 1 at every depth, regardless of the weights; a factor of "
                f"{factor} per site with {name}",
            )
        )
        return tuple(found)

    @classmethod
    def present(cls) -> Run:
        return chain(12, function=SIGMOID, slope=0.24, weight=0.6, losses=STUCK)

    @classmethod
    def absent(cls) -> Run:
        return chain(12, function=RELU, slope=0.7, weight=1.4, losses=LEARNS)


def _is_flat(site: Site) -> bool:
    return site.function.flat_below is not None or site.function.flat_above is not None

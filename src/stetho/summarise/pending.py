"""One call of a site → its part of a probe, once its forward half and both gradients are there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from stetho.events import SiteCall
from stetho.summarise import staging
from stetho.summarise.gradients import GradientSummary, sampled, sampled_sum, summarise_gradient
from stetho.summarise.parts import SiteTotal
from stetho.summarise.site import SitePlan, SiteSummary, samples_of_site, summarise_samples
from stetho.summarise.staging import Staging


class PendingSite:
    """Adds itself to `totals` when it is whole; on a device that is when samples come over."""

    __slots__ = ("_down", "_name", "_shift", "_staging", "_summary", "_totals", "_up", "discarded")

    def __init__(self, name: str, totals: dict[str, SiteTotal], staging: Staging) -> None:
        self._name = name
        self._totals = totals
        self._staging = staging
        self._summary: SiteSummary | None = None
        self._shift: Tensor | None = None
        self._up: GradientSummary | None = None
        self._down: GradientSummary | None = None
        self.discarded = False

    def forward(self, call: SiteCall, plan: SitePlan) -> None:
        if not staging.elsewhere(call.z):
            self._summary, self._shift = plan.summarise(call.z, call.a), call.shift
            return

        def arrived(z: Tensor, a: Tensor, features: Tensor, shift: Tensor | None) -> None:
            self._summary, self._shift = summarise_samples(z, a, features, plan.function), shift

        self._staging.take([*samples_of_site(call.z, call.a, plan.axis), call.shift], arrived)

    @torch.no_grad()
    def gradients(
        self, upstream: Tensor | None, downstream: Sequence[Tensor], scale: Tensor | None
    ) -> None:
        if self.discarded:
            return
        down = sampled_sum(downstream) if downstream else None
        one = upstream if down is None else down
        if one is None or not staging.elsewhere(one):
            self._arrived(upstream, down, scale)
            return
        samples = [None if side is None else sampled(side) for side in (upstream, down)]
        self._staging.take([*samples, scale], self._arrived)

    def _arrived(self, up: Tensor | None, down: Tensor | None, scale: Tensor | None) -> None:
        if up is not None:
            self._up = summarise_gradient(up, scale)
        if down is not None:
            self._down = summarise_gradient(down, scale)
        if self._summary is None or self._up is None or self._down is None:
            return
        total = SiteTotal(self._summary, self._up, self._down, self._shift)
        known = self._totals.get(self._name)
        self._totals[self._name] = total if known is None else known + total
        self._up = self._down = None

    def discard(self) -> None:
        self.discarded = True

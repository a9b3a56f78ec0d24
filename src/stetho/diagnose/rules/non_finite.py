"""`non-finite`: the first NaN or infinity of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from stetho.diagnose import steps
from stetho.diagnose.examples import LEARNS, chain
from stetho.diagnose.phrases import number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Severity


@dataclass(frozen=True, slots=True)
class _Place:
    """Where and when the first non-finite value was seen."""

    step: int
    name: str
    what: str
    share: float
    data: bool = False


class NonFinite(AbstractRule):
    """Where and when did the first NaN or infinity appear?

    Looks at: in each probe, in the order of computation, the data, z and a of each site, the
    parameters, and the gradients from the last site to the first. The loss is checked in every
    step; a non-finite loss forces a probe of the next step.

    Can look like it: mixed precision, which tries loss scales that overflow and skips such a step
    before the optimizer sees it. Non-finite gradients in a single probe, without any other
    non-finite value, are not reported.

    What helps: use a smaller learning rate, clip the gradient, add an ε inside logarithms, roots
    and divisions, or check the data.
    """

    name: ClassVar[str] = "non-finite"
    rank: ClassVar[int] = 10
    limits: ClassVar[dict[str, Limit]] = {
        "elements": Limit(
            0.0, "share of elements that are NaN or infinite", "One element is too many"
        ),
        "update": Limit(
            steps.LARGE,
            "relative update of an earlier step (median over weights) above which the learning "
            "rate is blamed",
            "The limit of oversized-update",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        place = self._first(view)
        step = view.run.first_nonfinite_loss
        if place is None and step is None:
            return
        if place is None or (step is not None and step < place.step - 1):
            place = self._in_loss(step if step is not None else 0)
        yield self._finding(view, place)

    @staticmethod
    def _in_loss(step: int) -> _Place:
        return _Place(step, "loss", "the loss", 1.0)

    def _first(self, view: RunView) -> _Place | None:
        for probe in view.probes:
            place = self._forward(view, probe) or self._in_parameters(probe)
            place = place or self._backward(view, probe)
            if place is not None:
                return place
        return None

    @staticmethod
    def _forward(view: RunView, probe: Probe) -> _Place | None:
        for layer in view.run.layers:
            stats = probe.layers.get(layer.name)
            if layer.reads_data and stats is not None and stats.x_nonfinite > 0:
                share = stats.x_nonfinite / max(stats.count + stats.x_nonfinite, 1)
                return _Place(probe.step, layer.name, "the input data of", share, data=True)
        for site in sorted(view.run.sites, key=lambda one: one.index):
            there = probe.sites.get(site.name)
            if there is not None and there.z_nonfinite > 0:
                return _Place(probe.step, site.name, "the pre-activation z of", there.z_nonfinite)
            if there is not None and there.a_nonfinite > 0:
                return _Place(probe.step, site.name, "the output of", there.a_nonfinite)
        return None

    @staticmethod
    def _in_parameters(probe: Probe) -> _Place | None:
        for name, stats in probe.parameters.items():
            if stats.nonfinite > 0:
                return _Place(probe.step, name, "the parameter", stats.nonfinite)
        return None

    @staticmethod
    def _backward(view: RunView, probe: Probe) -> _Place | None:
        """Look at gradients only if the loss is non-finite too: mixed precision overflows on
        purpose.
        """
        if view.run.first_nonfinite_loss is None:
            return None
        for site in sorted(view.run.sites, key=lambda one: -one.index):
            there = probe.sites.get(site.name)
            if there is not None and max(there.up_nonfinite, there.down_nonfinite) > 0:
                share = max(there.up_nonfinite, there.down_nonfinite)
                return _Place(probe.step, site.name, "the gradient at", share)
        return None

    def _finding(self, view: RunView, place: _Place) -> Finding:
        step = view.run.first_nonfinite_loss
        loss = f" The loss is non-finite since step {step}." if step is not None else ""
        cause = self._blame(view, place)
        where = place.what if place.name == "loss" else f"{place.what} {place.name}"
        return Finding(
            self.name,
            Severity.FAULT,
            f"The first NaN or infinity appears at step {place.step}, in "
            f"{number(100 * place.share)} % of the elements of {where}.{loss}",
            (place.name,),
            min(place.step, step if step is not None else place.step),
            {"elements that are no numbers": Evidence(place.share, 0.0, "%")},
            cause,
            self._remedies(cause),
        )

    def _blame(self, view: RunView, place: _Place) -> dict[str, float]:
        if place.data:
            return {"input": 1.0}
        size = steps.peak(view, before=place.step)
        return steps.blame(view) if size > self.limit("update") else {"unknown": 1.0}

    @staticmethod
    def _remedies(cause: dict[str, float]) -> tuple[Remedy, ...]:
        if cause == {"input": 1.0}:
            return (
                Remedy(
                    "remove or fill the non-finite samples", "0 non-finite values reach the layer"
                ),
            )
        if "learning-rate" in cause:
            return (
                Remedy("divide the learning rate by 10", "updates of a tenth of their size"),
                Remedy("clip the gradient norm at 1", "a bounded update in every step"),
            )
        return (
            Remedy(
                "look for logarithms, roots and divisions by 0 after this point, and add an ε of "
                "1e-8",
                "finite values and gradients at 0",
            ),
        )

    @classmethod
    def present(cls) -> Run:
        run = chain(4, losses=LEARNS, site={"z_nonfinite": 0.25})
        return replace(run, first_nonfinite_loss=0)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)

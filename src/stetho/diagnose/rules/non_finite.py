"""The first NaN or Inf of a run → `non-finite`."""

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
    """Where and when the first number that is none was seen."""

    step: int
    name: str
    what: str
    share: float
    data: bool = False


class NonFinite(AbstractRule):
    """Where did the first NaN or Inf arise, and when?

    Looks at: in each probe, in the order of computing: the data, each site's z and a, the
    parameters, then the gradients from the last site to the first. The loss is looked at in every
    step, and a loss that is no number forces a probe of the next step.

    Can look like it: mixed precision tries loss scales that overflow; it drops such a step before
    the optimizer sees it, and gradients alone that are not finite in one probe are not reported.

    What helps: a smaller learning rate, clipping, an ε inside of logarithms, roots and divisions,
    a look at the data.
    """

    name: ClassVar[str] = "non-finite"
    rank: ClassVar[int] = 10
    limits: ClassVar[dict[str, Limit]] = {
        "elements": Limit(0.0, "share of elements that are NaN or Inf", "One is too many"),
        "update": Limit(
            steps.LARGE,
            "relative update of an earlier step, median over weights, from which steps are blamed",
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
        return _Place(
            step, "loss", "the loss is not a number, and no site before it shows why", 1.0
        )

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
                return _Place(probe.step, layer.name, "the data that enters", share, data=True)
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
        """Only where the loss broke too: mixed precision overflows on purpose."""
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
        loss = f" The loss is not a number since step {step}." if step is not None else ""
        cause = self._blame(view, place)
        where = place.what if place.name == "loss" else f"{place.what} {place.name}"
        return Finding(
            self.name,
            Severity.FAULT,
            f"NaN or Inf is first seen at step {place.step}: {where} has it in "
            f"{number(100 * place.share)} % of its elements.{loss}",
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
                Remedy("drop or fill the samples that are no numbers", "0 of them reach the layer"),
            )
        if "learning-rate" in cause:
            return (
                Remedy("lower the learning rate tenfold", "updates of a tenth of their size"),
                Remedy("clip the gradient's norm at 1", "a bound on the size of every step"),
            )
        return (
            Remedy(
                "look for logarithms, roots and divisions of 0 behind that place, and add an ε of "
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

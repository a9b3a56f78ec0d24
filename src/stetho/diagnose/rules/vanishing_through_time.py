"""`vanishing-through-time`: the gradient shrinks along a sequence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import normalised, number, percent
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Layer, LayerStats, Probe, Remedy, Run


class VanishingThroughTime(AbstractRule):
    """Does the gradient of a recurrent layer reach the first steps of its sequence?

    Looks at: the gradient at the input of torch's recurrent layers, at the first tenth of the steps
    relative to the last tenth, if the loss depends on the end of the sequence. In a plain RNN, the
    blame is divided by logarithms. The recurrent weights contribute a factor of their size times
    √units; the rest is attributed to the slope of the function. In LSTM and GRU, the gates are
    blamed.

    Can look like it: a loss at every step, which gives the first steps a gradient of their own. The
    rule reports nothing there. If the target depends on the last steps alone, the first steps need
    no gradient.

    What helps: use an LSTM whose forget gate starts open (bias 1 or more) or a GRU. Or initialise
    the recurrent weights orthogonally, shorten the sequence, or use attention.
    """

    name: ClassVar[str] = "vanishing-through-time"
    rank: ClassVar[int] = 21
    stops: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "total": Limit(
            1e-3,
            "gradient at the first tenth of the steps relative to the last tenth",
            "The limit of vanishing-gradient; an LSTM of the zoo that learns over 40 steps has 13",
        ),
        "severe": Limit(
            1e-5,
            "the same ratio, at which nothing is learned from the first steps",
            "The limit of vanishing-gradient",
        ),
        "fed": Limit(
            0.9,
            "share of the squared gradient that enters at the last tenth of the steps",
            "Otherwise the first steps have a gradient of their own",
        ),
        "steps": Limit(10, "length of the sequence", "At least one step per tenth"),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        for layer in view.run.layers:
            if layer.kind == "recurrent" and self._vanishes(self._now(view, layer)):
                yield self._finding(view, layer)

    @staticmethod
    def _now(view: RunView, layer: Layer) -> LayerStats:
        fields = ("time_steps", "time_early", "time_late", "time_fed")
        return LayerStats(**{name: view.layer_now(layer.name, name) for name in fields})

    def _vanishes(self, stats: LayerStats | None) -> bool:
        if stats is None or not stats.time_steps >= self.limit("steps"):
            return False
        at_end = stats.time_fed >= self.limit("fed")
        return at_end and stats.time_early < self.limit("total") * stats.time_late

    def _finding(self, view: RunView, layer: Layer) -> Finding:
        now = self._now(view, layer)
        total = now.time_early / now.time_late
        per_step = total ** (1 / (0.9 * now.time_steps))

        def stands(probe: Probe) -> bool:
            return self._vanishes(probe.layers.get(layer.name))

        cause = self._blame(view, layer, per_step)
        blame = max(cause, key=lambda name: cause[name])
        of = "the slope of its function or gates" if blame == "slope" else "its recurrent weights"
        return Finding(
            rule=self.name,
            severity=view.severity(total < self.limit("severe")),
            message=f"{layer.name}: the gradient at the first of {number(now.time_steps)} steps is "
            f"{number(total)} times the gradient at the last: it is multiplied by "
            f"{number(per_step)} per step, and {percent(cause[blame])} of this is due to {of}.",
            sites=(layer.name,),
            first_step=view.since(stands),
            evidence={
                "gradient, first steps to last": Evidence(total, self.limit("total")),
                "factor per step": Evidence(per_step, unit="×"),
                "steps": Evidence(now.time_steps, self.limit("steps")),
            },
            cause=cause,
            remedies=(
                Remedy(
                    "use nn.LSTM with a forget-gate bias of 3, or nn.GRU",
                    f"a factor of about {1 / (1 + math.exp(-3)):.2f} per step (currently "
                    f"{number(per_step)})",
                ),
                Remedy(
                    "initialise the recurrent weights orthogonally (torch.nn.init.orthogonal_)",
                    "a weight factor of 1 per step",
                ),
            ),
        )

    @staticmethod
    def _blame(view: RunView, layer: Layer, per_step: float) -> dict[str, float]:
        name = (layer.weight or "").replace("weight_ih", "weight_hh")
        parameter, size = view.parameter(name), view.parameter_now(name, "rms")
        plain = parameter is not None and len(set(parameter.shape)) == 1
        if not plain or parameter is None or not (size > 0 and per_step > 0):
            return {"slope": 1.0}
        gain = size * math.sqrt(parameter.shape[0])
        return normalised({"weights": -math.log(gain), "slope": math.log(gain / per_step)})

    @classmethod
    def present(cls) -> Run:
        return _recurrent(STUCK, time_early=1e-12)

    @classmethod
    def absent(cls) -> Run:
        return _recurrent(LEARNS, time_early=2e-4)


def _recurrent(losses: tuple[float, ...], time_early: float) -> Run:
    run = chain(2, losses=losses)
    layers = (replace(run.layers[0], kind="recurrent"), *run.layers[1:])
    name = layers[0].name
    along = {"time_steps": 50.0, "time_early": time_early, "time_late": 1e-3, "time_fed": 1.0}
    probes = tuple(
        replace(probe, layers={**probe.layers, name: replace(probe.layers[name], **along)})
        for probe in run.probes
    )
    return replace(run, layers=layers, probes=probes)

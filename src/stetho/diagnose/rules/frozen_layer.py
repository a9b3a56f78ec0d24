"""Weights that take no real steps → `frozen-layer`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, percent, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Optimizer, Parameter, Probe, Remedy, Run, Severity


class FrozenLayer(AbstractRule):
    """Does each layer take real steps?

    Looks at: each weight's relative update, rms(update) / rms(weight), and whether its gradient
    lies under the ε that Adam and its kin add to their denominator. Biases and the parameters of
    normalisations are left out: the gradient of a bias before a batch normalisation is 0 by
    algebra. Weights that do not require gradients or are in no optimizer are frozen on purpose: a
    note, unless these are most of the weights and nothing is learned.

    Can look like it: a learning rate of 0 in a warm-up, which freezes every layer at once, and a
    network that has converged; both are told by comparing with the other layers.

    What helps: what helps against vanishing gradients or dead units, which are the usual causes.
    """

    name: ClassVar[str] = "frozen-layer"
    rank: ClassVar[int] = 50
    limits: ClassVar[dict[str, Limit]] = {
        "update": Limit(
            1e-7,
            "relative update of a weight",
            "The resolution of float32: a smaller step does not change the weight at all",
        ),
        "apart": Limit(
            1e-2,
            "its relative update against the median of all weights",
            "The others move at least a hundred times faster",
        ),
        "most": Limit(
            0.5,
            "share of the weights that no optimizer has, where nothing is learned",
            "Most of the network is then as it began",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.is_check:
            return
        weights = [p for p in view.run.parameters if p.role == "weight"]
        on_purpose = [p for p in weights if not p.trainable]
        if on_purpose:
            yield self._on_purpose(view, on_purpose, len(on_purpose) / len(weights))
        frozen = self._frozen(view, [p for p in weights if p.trainable])
        if frozen:
            yield self._finding(view, frozen)

    def _on_purpose(self, view: RunView, parameters: Sequence[Parameter], share: float) -> Finding:
        """A note, unless nothing is learned and hardly a weight has an optimizer."""
        most = share > self.limit("most") and view.learning.hardly
        names = tuple(parameter.name for parameter in parameters)
        return Finding(
            self.name,
            view.severity(severe=True) if most else Severity.NOTE,
            f"{some(names)}: frozen on purpose, outside of every optimizer: {percent(share)} of "
            "the weights.",
            names,
            0,
            {
                "relative update": Evidence(0.0, self.limit("update")),
                "weights that are frozen": Evidence(share, self.limit("most"), "%"),
            },
            {"frozen": 1.0},
            (
                Remedy("give them to an optimizer", "relative updates near 1e-3")
                if most
                else Remedy("nothing, if that is meant", "0 steps, as set"),
            ),
        )

    def _frozen(self, view: RunView, weights: Sequence[Parameter]) -> list[Parameter]:
        updates = {p.name: view.relative_update(p.name) for p in weights}
        known = [update for update in updates.values() if not math.isnan(update)]
        typical = median(known) if known else 0.0
        fastest = max(known, default=0.0)
        return [
            parameter
            for parameter in weights
            if self._stands_still(updates[parameter.name], max(typical, 1e-2 * fastest))
            or self._under_epsilon(view, parameter, weights)
        ]

    def _stands_still(self, update: float, others: float) -> bool:
        return update < self.limit("update") and update < self.limit("apart") * others

    @staticmethod
    def _under_epsilon(view: RunView, parameter: Parameter, weights: Sequence[Parameter]) -> bool:
        epsilon = _epsilon(view, parameter)
        gradient = view.parameter_now(parameter.name, "grad_rms")
        others = [view.parameter_now(p.name, "grad_rms") for p in weights]
        return 0 <= gradient < epsilon and max(others, default=0.0) > 100 * epsilon

    def _finding(self, view: RunView, frozen: Sequence[Parameter]) -> Finding:
        first = frozen[0]
        update = view.relative_update(first.name)
        gradient = view.parameter_now(first.name, "grad_rms")
        names = tuple(parameter.name for parameter in frozen)

        def stands(probe: Probe) -> bool:
            stats = probe.parameters.get(first.name)
            still = stats is not None and stats.update_rms < self.limit("update") * stats.rms
            return still or (stats is not None and stats.grad_rms < _epsilon(view, first))

        evidence = {"relative update": Evidence(update, self.limit("update"))}
        epsilon = _epsilon(view, first)
        if gradient < epsilon:
            evidence["gradient, against the optimizer's ε"] = Evidence(gradient, epsilon)
        return Finding(
            self.name,
            view.severity(severe=False),
            f"{some(names)}: hardly a step is taken (relative update {number(update)}, gradient "
            f"{number(gradient)}).",
            names,
            view.since(stands),
            evidence,
            {self._cause(view, first): 1.0},
            (
                Remedy(
                    "look at the findings on vanishing gradients and dead units first",
                    "relative updates near 1e-3 once a gradient arrives",
                ),
            ),
        )

    @staticmethod
    def _cause(view: RunView, parameter: Parameter) -> str:
        """The slope where the layer's own site passes nothing, else what lies behind it."""
        for site in view.hidden:
            layer = view.layer(site.layer)
            if layer is not None and layer.weight == parameter.name:
                return "slope" if view.now(site, "down_rms") == 0 else "depth"
        return "unknown"

    @classmethod
    def present(cls) -> Run:
        run = chain(4, losses=STUCK, optimizer=Optimizer("SGD", lr=0.1))
        return _with_update(run, "layers.0.weight", 1e-12)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)


def _epsilon(view: RunView, parameter: Parameter) -> float:
    known = 0 <= parameter.optimizer < len(view.run.optimizers)
    return view.run.optimizers[parameter.optimizer].epsilon if known else 0.0


def _with_update(run: Run, name: str, update: float) -> Run:
    from dataclasses import replace

    probes = tuple(
        replace(
            probe,
            parameters={
                **probe.parameters,
                name: replace(probe.parameters[name], update_rms=update, grad_rms=update),
            },
        )
        for probe in run.probes
    )
    return replace(run, probes=probes)

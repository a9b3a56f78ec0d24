"""`frozen-layer`: some weights barely change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number, percent, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.starving import unused
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Optimizer, Parameter, Probe, Remedy, Run, Severity


class FrozenLayer(AbstractRule):
    """Do the weights of each layer change?

    Looks at: the relative update of each weight, rms(update) / rms(weight), and whether its
    gradient is below the ε that Adam and similar optimizers add to their denominator. Biases and
    the parameters of normalisations are left out: the gradient of a bias before a batch
    normalisation is 0 by construction. Weights that do not require gradients are frozen on purpose.
    They get a note, unless most weights are frozen and the network does not learn. Weights that
    get a gradient but that no optimizer holds are reported by `untrained-weights`.

    Can look like it: a learning rate of 0 during a warm-up, which freezes all layers at once, and a
    network that has converged. The comparison with the other layers excludes both.

    What helps: fix vanishing gradients or dead units first; these are the usual causes.
    """

    name: ClassVar[str] = "frozen-layer"
    rank: ClassVar[int] = 50
    limits: ClassVar[dict[str, Limit]] = {
        "update": Limit(
            1e-7,
            "relative update of a weight",
            "The resolution of float32: a smaller update does not change the weight",
        ),
        "apart": Limit(
            1e-2,
            "relative update of the weight, relative to the median of all weights",
            "The other weights change at least 100 times faster",
        ),
        "most": Limit(
            0.5,
            "share of the weights that do not require gradients, in a network that does not learn",
            "Most of the network then stays at its initial values",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.is_check:
            return
        weights = [p for p in view.run.parameters if p.role == "weight"]
        on_purpose = [p for p in weights if not p.requires_grad]
        if on_purpose:
            yield self._on_purpose(view, on_purpose, len(on_purpose) / len(weights))
        frozen = self._frozen(view, [p for p in weights if p.trainable and not unused(view, p)])
        if frozen:
            yield self._finding(view, frozen)

    def _on_purpose(self, view: RunView, parameters: Sequence[Parameter], share: float) -> Finding:
        """Return a note, unless the network does not learn and most weights are frozen."""
        most = share > self.limit("most") and view.learning.hardly
        names = tuple(parameter.name for parameter in parameters)
        return Finding(
            rule=self.name,
            severity=view.severity(severe=True) if most else Severity.NOTE,
            message=f"{some(names)}: frozen on purpose, because requires_grad is False "
            f"({percent(share)} of all weights).",
            sites=names,
            first_step=0,
            evidence={
                "relative update": Evidence(0.0, self.limit("update")),
                "weights that are frozen": Evidence(share, self.limit("most"), "%"),
            },
            cause={"frozen": 1.0},
            remedies=(
                Remedy("set requires_grad to True", "relative updates near 1e-3")
                if most
                else Remedy("do nothing if this is intended", "0 updates, as set"),
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
            rule=self.name,
            severity=view.severity(severe=False),
            message=f"{some(names)}: the weights barely change (relative update {number(update)}, "
            f"gradient {number(gradient)}).",
            sites=names,
            first_step=view.since(stands),
            evidence=evidence,
            cause={self._cause(view, first): 1.0},
            remedies=(
                Remedy(
                    "fix vanishing gradients and dead units first",
                    "relative updates near 1e-3 once a gradient reaches the layer",
                ),
            ),
        )

    @staticmethod
    def _cause(view: RunView, parameter: Parameter) -> str:
        """Blame the slope if the layer's own site blocks the gradient, else the later layers."""
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

"""`cut-gradient`: the gradient ends at a function before it reaches the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.learning import LITTLE
from stetho.diagnose.phrases import percent, some
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.starving import FEWEST_PROBES, reached, starves
from stetho.diagnose.view import RunView
from stetho.record import FLAT_FUNCTIONS, Evidence, Finding, Layer, Parameter, Remedy, Run, Severity


class CutGradient(AbstractRule):
    """Does a gradient reach every weight that an optimizer holds?

    Looks at: weights that took part in the forward pass, that an optimizer holds, and that got no
    gradient in any probe, or a gradient of exactly 0 in all entries; and the functions that their
    layer's output went into. `sign`, `round`, `floor` and similar functions have slope 0
    everywhere: what comes before them gets a gradient of 0. After `detach`, `.data`, `item`,
    `numpy`, `argmax`, comparisons, and inside of `torch.no_grad`, there is no graph.

    Can look like it: a part of the network whose output is detached on purpose, although an
    optimizer holds its weights. In a network that learns that gives a warning, and a note if the
    part runs inside of `torch.no_grad`. Dead units give gradients of 0 too; they are reported by
    `dead-units`, gradients that are set to zero before the step by `lost-gradient`.

    What helps: remove the function between the layers, or replace it: tanh for `sign`, softmax for
    `argmax`, a straight-through estimate for `round`. Detach only what is printed or stored.
    """

    name: ClassVar[str] = "cut-gradient"
    rank: ClassVar[int] = 4
    unseen_by_loss: ClassVar[bool] = True
    limits: ClassVar[dict[str, Limit]] = {
        "probes": Limit(
            FEWEST_PROBES,
            "probes in which no gradient has arrived",
            "Optimizers that take turns step in some probes only",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        if view.is_check:
            return
        biases = {layer.weight: layer.bias for layer in view.run.layers}
        starved = [
            weight
            for weight in view.weights
            if starves(view, weight) and self._starves_too(view, biases.get(weight.name))
        ]
        if reached(view, starved) is not None:
            return
        layers = [one for one in view.run.layers if one.weight in {w.name for w in starved}]
        last = max(layers, key=lambda layer: layer.index, default=None)
        outside = [w for w in starved if w.outside and w.name not in {x.weight for x in layers}]
        if last is not None:
            end = _end(view, last, starved)
            if end is not None:
                place = f"The output of layer {last.name} goes into {end}"
                yield self._finding(view, starved, place, end, Severity.WARNING)
                return
        if outside:
            where = outside[-1].name.rpartition(".")[0]
            yield self._finding(
                view,
                outside,
                f"Layer {where} runs inside of torch.no_grad()",
                "torch.no_grad",
                Severity.NOTE,  # as a copy does that follows another network
            )

    @staticmethod
    def _starves_too(view: RunView, bias: str | None) -> bool:
        """Whether a layer's bias gets nothing either; dead inputs leave it its gradient."""
        known = view.parameter(bias)
        return known is None or not known.trainable or starves(view, known)

    def _finding(
        self, view: RunView, starved: Sequence[Parameter], place: str, end: str, least: Severity
    ) -> Finding:
        """`least`: how severe it is in a network that learns well all the same."""
        names = tuple(parameter.name for parameter in starved)
        share = len(names) / max(1, len(view.weights))
        well = view.learning.status == "learns" and not view.learning.explained < LITTLE
        why = "whose slope is 0 everywhere" if end in FLAT_FUNCTIONS else "where the graph ends"
        return Finding(
            rule=self.name,
            severity=least if well else Severity.FAULT,
            message=f"{place}, {why}: no gradient arrives at {some(names)} ({percent(share)} of "
            "the weights that optimizers hold).",
            sites=names,
            first_step=0,
            evidence={
                "weights without a gradient": Evidence(share, 0.0, "%"),
                "probes": Evidence(len(view.history(names[0])), self.limit("probes")),
            },
            cause={"operation": 1.0},
            remedies=(
                Remedy(
                    f"remove {end} between the layers, or replace it by a function with a slope",
                    "a gradient above 0 at every weight",
                ),
            ),
        )

    @classmethod
    def present(cls) -> Run:
        nothing = {"grad_rms": 0.0, "update_rms": 0.0}
        run = chain(4, losses=STUCK, site={"down_rms": 0.0}, parameter=nothing)
        layers = (*run.layers[:-1], replace(run.layers[-1], ends=("sign",)))
        return replace(run, layers=layers)

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)


def _end(view: RunView, layer: Layer, starved: Sequence[Parameter]) -> str | None:
    """The function at which the gradient ends: of slope 0 if zeros arrive, else a cut."""
    pulls = [stats.grad_rms for stats in view.history(layer.weight)]
    zeros = any(pull == 0 for pull in pulls)
    fits = [end for end in layer.ends if (end.rstrip("_") in FLAT_FUNCTIONS) == zeros]
    return fits[0].strip("_") if fits else None

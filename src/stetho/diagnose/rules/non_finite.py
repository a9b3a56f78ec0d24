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
from stetho.record import Evidence, Finding, NonFiniteOrigin, Probe, Remedy, Run, Severity

# What to do where an operation makes the first NaN or infinity, by torch's name for it.
ROOT = "add 1e-12 under the root: the slope of a root or a norm is infinite at 0"
LOGARITHM = "keep the logarithm's input above 0: torch.log(x.clamp_min(1e-8))"
DIVISION = "keep the divisor away from 0: add 1e-8 to it"
ANGLE = "clamp the input to [-1 + 1e-6, 1 - 1e-6]: the slope is infinite at -1 and 1"
OVERFLOW = "subtract the largest value before exp, or use logsumexp, log_softmax or softplus"
MASKED = "leave at least one entry of each row unmasked"
TOO_FEW = "compute the variance over at least two values, or with correction=0"
DEFAULT_REPAIR = (
    "the result exceeds the range of its number format: lower the learning rate, clip the "
    "gradient's norm, or use a wider format (bfloat16 or float32 in place of float16)"
)
REPAIRS = {
    **dict.fromkeys(("sqrt", "rsqrt", "norm", "linalg_vector_norm", "cdist", "hypot"), ROOT),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "xlogy"), LOGARITHM),
    **dict.fromkeys(("div", "reciprocal"), DIVISION),
    **dict.fromkeys(("acos", "asin", "acosh", "atanh"), ANGLE),
    **dict.fromkeys(("exp", "expm1", "sinh", "cosh"), OVERFLOW),
    **dict.fromkeys(("softmax", "log_softmax"), MASKED),
    **dict.fromkeys(("var", "std", "std_mean", "var_mean"), TOO_FEW),
    "pow": "keep the base above 0: the slope of a power below 1 is infinite at 0",
    "sub": "find the two infinities that are subtracted: their difference is NaN",
}


def _where_it_arose(origin: NonFiniteOrigin) -> str:
    sides = [f"after {' and '.join(origin.before)}"] if origin.before else []
    sides += [f"before {' and '.join(origin.after)}"] if origin.after else []
    between = f" ({', '.join(sides)})" if sides else ""
    line = f" Line: {origin.line}." if origin.line else ""
    if origin.kind == "input":
        return (
            f"The data contains NaN or infinity at step {origin.step}: it goes into the operation "
            f"{origin.operation}.{line}"
        )
    if origin.kind == "parameter":
        return (
            f"The parameter {origin.name} contains NaN or infinity when step {origin.step} begins."
        )
    if origin.kind == "forward":
        return (
            f"The first NaN or infinity arises at step {origin.step} in the operation "
            f"{origin.operation}{between}: its inputs are finite, its output is not.{line}"
        )
    if origin.operation:
        return (
            f"The gradient becomes NaN or infinite at step {origin.step} in the backward pass of "
            f"the operation {origin.operation}{between}: it arrives finite and leaves non-finite."
            f"{line}"
        )
    last = f"that of {origin.before[0]}" if origin.before else "some gradients"
    rest = f"; that of {origin.after[0]}, nearer to the loss, is finite" if origin.after else ""
    return (
        f"The gradient becomes NaN or infinite at step {origin.step}: {last} is not finite{rest}."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where and when the first non-finite value was seen."""

    step: int
    name: str
    what: str
    share: float
    data: bool = False


class NonFinite(AbstractRule):
    """Where and when did the first NaN or infinity appear?

    Looks at: the loss and the gradients of every step (on a GPU: of probed steps). When the loss
    is not finite, its graph shows the operation whose inputs are finite and whose output is not.
    When the gradients alone are not finite, the operations whose slope can be infinite (roots,
    norms, logarithms, divisions, acos) are compared: the gradient is finite on one side and not on
    the other. Each probe also looks at the data, each site's z and a, and the parameters.

    Can look like it: mixed precision tries loss scales that overflow; it drops such a step before
    the optimizer sees it, so this is not reported. Infinities that a mask puts in on purpose are
    passed over.

    What helps: a smaller learning rate, clipping, an ε inside logarithms, roots and divisions,
    a look at the data.
    """

    name: ClassVar[str] = "non-finite"
    rank: ClassVar[int] = 10
    breaks: ClassVar[bool] = True
    ends: ClassVar[bool] = True
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
        if view.run.origin is not None:
            yield self._from_origin(view, view.run.origin)
            return
        place = self._first(view)
        step = view.run.first_nonfinite_loss
        if place is None and step is None:
            return
        if place is None or (step is not None and step < place.step - 1):
            place = self._in_loss(step if step is not None else 0)
        yield self._finding(view, place)

    @staticmethod
    def _in_loss(step: int) -> _Place:
        return _Place(step=step, name="loss", what="the loss", share=1.0)

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
                return _Place(
                    step=probe.step,
                    name=layer.name,
                    what="the input data of",
                    share=share,
                    data=True,
                )
        for site in sorted(view.run.sites, key=lambda one: one.index):
            there = probe.sites.get(site.name)
            if there is not None and there.z_nonfinite > 0:
                return _Place(
                    step=probe.step,
                    name=site.name,
                    what="the pre-activation z of",
                    share=there.z_nonfinite,
                )
            if there is not None and there.a_nonfinite > 0:
                return _Place(
                    step=probe.step, name=site.name, what="the output of", share=there.a_nonfinite
                )
        return None

    @staticmethod
    def _in_parameters(probe: Probe) -> _Place | None:
        for name, stats in probe.parameters.items():
            if stats.nonfinite > 0:
                return _Place(
                    step=probe.step, name=name, what="the parameter", share=stats.nonfinite
                )
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
                return _Place(step=probe.step, name=site.name, what="the gradient at", share=share)
        return None

    def _from_origin(self, view: RunView, origin: NonFiniteOrigin) -> Finding:
        """The operation was seen in the step in which it happened."""
        first = view.run.first_nonfinite_loss
        loss = "" if first is None else f" The loss is not finite from step {first} on."
        cause = self._blame_of_origin(view, origin)
        repair = REPAIRS.get(origin.operation, DEFAULT_REPAIR)
        fixes = () if "input" in cause else (Remedy(repair, "finite values and gradients"),)
        return Finding(
            rule=self.name,
            severity=Severity.FAULT,
            message=f"{_where_it_arose(origin)}{loss}",
            sites=tuple(name for name in (origin.name, *origin.before, *origin.after) if name),
            first_step=origin.step,
            evidence={"step": Evidence(origin.step)},
            cause=cause,
            remedies=(*(self._remedies(cause) if "operation" not in cause else ()), *fixes),
        )

    def _blame_of_origin(self, view: RunView, origin: NonFiniteOrigin) -> dict[str, float]:
        if origin.kind == "input":
            return {"input": 1.0}
        size = steps.peak(view, before=origin.step)
        if size > self.limit("update"):
            return steps.blame(view)
        return {"operation": 1.0} if origin.operation else {"unknown": 1.0}

    def _finding(self, view: RunView, place: _Place) -> Finding:
        step = view.run.first_nonfinite_loss
        loss = f" The loss is non-finite since step {step}." if step is not None else ""
        cause = self._blame(view, place)
        where = place.what if place.name == "loss" else f"{place.what} {place.name}"
        return Finding(
            rule=self.name,
            severity=Severity.FAULT,
            message=f"The first NaN or infinity appears at step {place.step}, in "
            f"{number(100 * place.share)} % of the elements of {where}.{loss}",
            sites=(place.name,),
            first_step=min(place.step, step if step is not None else place.step),
            evidence={"elements that are no numbers": Evidence(place.share, 0.0, "%")},
            cause=cause,
            remedies=self._remedies(cause),
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

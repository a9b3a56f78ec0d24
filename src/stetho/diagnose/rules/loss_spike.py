"""A loss that jumps for a step or a few → `loss-spike`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import ClassVar

from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.phrases import number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Evidence, Finding, Probe, Remedy, Run, Severity, Spike

APART = 16  # steps between two spikes that are not one
MOST = 3  # spikes of a run that are told, the largest first
SETTLED = 64  # steps within which a loss that recovers has done so
WITHIN = 3.0  # spreads above the usual loss that still count as recovered
FEWEST = 3  # probes that make a history


@dataclass(frozen=True, slots=True)
class _Cause:
    """What moved first, by how much against its own history, and in which layer."""

    name: str  # of the cause
    layer: str
    what: str
    ratio: float


class LossSpike(AbstractRule):
    """Does the loss jump in single steps, and what moved first?

    Looks at: the loss of every step against its last 64 values (median and robust spread). In a
    step that jumps, what each layer is given, each weight and each gradient are compared with the
    probes before, and the learning rate with its last 64 values: the first that moved is to blame.
    If data, weights, rate and activations are all as usual, the targets are what differs.

    Can look like it: small batches, whose losses scatter widely; such jumps recover at once and
    stay notes.

    What helps: look at the batch; clip the gradient's norm, warm the learning rate up.
    """

    name: ClassVar[str] = "loss-spike"
    rank: ClassVar[int] = 45
    explains: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {
        "jump": Limit(
            6.0, "standard deviations above the usual loss", "As usual for robust outlier tests"
        ),
        "rate": Limit(3.0, "learning rate against its usual value", "Schedules change by less"),
        "data": Limit(
            2.0, "data's root mean square against its usual value", "Batches differ by less"
        ),
        "weights": Limit(
            1.1, "a weight's root mean square against the last probe", "A step moves it by 1e-3"
        ),
        "activations": Limit(
            1.5, "a layer's input against its usual value", "Batches differ by less"
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        spikes = _separate([one for one in view.run.spikes if one.kind == "loss"])
        largest = sorted(spikes, key=lambda one: one.usual - one.value)[:MOST]
        for spike in largest if not view.is_check else ():
            yield self._finding(view, spike)

    def _finding(self, view: RunView, spike: Spike) -> Finding:
        cause = self._cause(view, spike)
        recovered = _recovers(view.run, spike)
        outcome = "recovers" if recovered else "does not come back to its former level"
        return Finding(
            rule=self.name,
            severity=Severity.NOTE if recovered else view.severity(severe=False),
            message=f"The loss jumps at step {spike.step} from {number(spike.usual)} to "
            f"{number(spike.value)} and {outcome}. {cause.what}",
            sites=(cause.layer,) if cause.layer else (),
            first_step=spike.step,
            evidence={
                "loss at the jump": Evidence(spike.value, spike.usual),
                "against its usual value": Evidence(cause.ratio, self._limit_of(cause), "×"),
            },
            cause={cause.name: 1.0},
            remedies=_remedies(cause.name),
        )

    def _limit_of(self, cause: _Cause) -> float:
        names = {"learning-rate": "rate", "input": "data", "weights": "weights"}
        return self.limit(names[cause.name]) if cause.name in names else math.nan

    def _cause(self, view: RunView, spike: Spike) -> _Cause:
        """The first of data, rate, weights and activations that left its own history."""
        before = [probe for probe in view.probes if probe.step < spike.step]
        weight_of = {layer.name: layer.weight for layer in view.run.layers if layer.weight}
        data = [layer.name for layer in view.run.layers if layer.reads_data]
        given = {
            layer: _ratio(spike.inputs.get(weight, math.nan), _usual_input(before, layer))
            for layer, weight in weight_of.items()
        }
        rate = _ratio(spike.rate, spike.usual_rate)
        moved, grown = _most_moved(before, spike.weights)
        entering = {layer: given[layer] for layer in data if layer in given}
        layer = max(entering, key=lambda name: _away(entering[name]), default="")
        if layer and _away(entering[layer]) > self.limit("data"):
            return _Cause("input", layer, _of_data(layer, entering[layer]), entering[layer])
        if rate > self.limit("rate"):
            what = f"The learning rate was {number(rate)} times its usual value just before."
            return _Cause("learning-rate", moved.rpartition(".")[0], what, rate)
        if grown > self.limit("weights"):
            what = (
                f"The weights of {moved} are {number(grown)} times as large as in the probe before."
            )
            return _Cause("weights", moved.rpartition(".")[0], what, grown)
        hidden = {layer: ratio for layer, ratio in given.items() if layer not in data}
        layer = next((one for one, r in hidden.items() if _away(r) > self.limit("activations")), "")
        if layer:
            what = (
                f"The first to move is what {layer} is given: {number(hidden[layer])} times as "
                "large as usual, while data, weights and learning rate are as usual: steps are too "
                "large for this part of the landscape."
            )
            return _Cause("learning-rate", layer, what, hidden[layer])
        if not given or all(math.isnan(ratio) for ratio in given.values()):
            return _Cause("unknown", "", "What moved first was not measured.", math.nan)
        last = view.run.layers[-1].name if view.run.layers else ""
        what = (
            "Data, activations, weights and learning rate are as usual in this step: the batch's "
            "targets fit the network's predictions worse than usual."
        )
        return _Cause("labels", last, what, _ratio(spike.value, spike.usual))

    @classmethod
    def present(cls) -> Run:
        losses = (*LEARNS[:150], *STUCK[150:])
        spike = Spike(step=150, kind="loss", value=2.3, usual=0.55, spread=0.01)
        return replace(chain(4, losses=losses), spikes=(spike,))

    @classmethod
    def absent(cls) -> Run:
        return chain(4, losses=LEARNS)


def _separate(spikes: Sequence[Spike]) -> list[Spike]:
    """The first of each group of spikes that come soon after one another."""
    kept: list[Spike] = []
    last = -math.inf
    for spike in spikes:
        if spike.step - last > APART:
            kept.append(spike)
        last = spike.step
    return kept


def _recovers(run: Run, spike: Spike) -> bool:
    """Whether the loss comes back near its usual value; a run that ends before does not count."""
    after = [
        loss
        for step, loss in zip(run.loss_steps, run.losses, strict=True)
        if spike.step < step <= spike.step + SETTLED
    ]
    late = after[len(after) // 2 :]
    if len(after) < SETTLED // 4:
        return True  # too few steps to tell; what follows has rules of its own
    limit = spike.usual + max(WITHIN * spike.spread, 0.25 * (spike.value - spike.usual))
    return bool(late) and median(late) <= limit


def _usual_input(before: Sequence[Probe], layer: str) -> float:
    values = [probe.layers[layer].x_rms for probe in before if layer in probe.layers]
    known = [value for value in values if math.isfinite(value)][-8:]
    return median(known) if len(known) >= FEWEST else math.nan


def _most_moved(before: Sequence[Probe], weights: Mapping[str, float]) -> tuple[str, float]:
    """The parameter whose size has changed most since the last probe, and by how much."""
    changes = {}
    for name, value in weights.items():
        known = [p.parameters[name].rms for p in before if name in p.parameters]
        if known and known[-1] > 0 and len(known) >= FEWEST:
            change = _away(value / known[-1])
            drift = max((_away(b / a) for a, b in zip(known[-4:], known[-3:]) if a > 0), default=1)
            changes[name] = change / max(drift, 1.0)  # beyond what it changes from probe to probe
    name = max(changes, key=lambda one: changes[one], default="")
    return name, changes.get(name, math.nan)


def _ratio(value: float, usual: float) -> float:
    return value / usual if usual > 0 else math.nan


def _away(ratio: float) -> float:
    """A ratio or its inverse, whichever is above 1; NaN counts as 1."""
    return max(ratio, 1 / ratio) if ratio > 0 else 1.0


def _of_data(layer: str, ratio: float) -> str:
    return (
        f"The batch is to blame: the data that {layer} reads is {number(ratio)} times as large as "
        "usual."
    )


def _remedies(cause: str) -> tuple[Remedy, ...]:
    if cause == "input":
        return (Remedy("find the samples of this batch; scale or drop them", "0 jumps"),)
    if cause == "labels":
        return (Remedy("look at the targets of this batch", "0 jumps if they are wrong"),)
    return (
        Remedy("clip the gradient's norm at 1", "no step is larger than one of norm 1"),
        Remedy(
            "warm the learning rate up, or lower its peak threefold", "steps of 1/3 of their size"
        ),
    )

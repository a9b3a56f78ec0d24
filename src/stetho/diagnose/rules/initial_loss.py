"""`initial-loss`: the first loss is far above that of a prediction of 0."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from stetho.diagnose import steps
from stetho.diagnose.examples import LEARNS, chain
from stetho.diagnose.phrases import normalised, number
from stetho.diagnose.rule import AbstractRule, Limit
from stetho.diagnose.view import RunView
from stetho.record import Criterion, Evidence, Finding, Remedy, Run

LARGEST = 3.4e38  # number in float32: a loss beyond it is infinite

ANEW = (
    "initialise the weights with the gain of their activation function (stetho.init_), and the "
    "biases with 0"
)
DO = {
    "weights": ANEW,
    "bias": ANEW,
    "input": "scale the data to standard deviation 1",
    "function": (
        "use activation functions that grow no faster than their input, such as ReLU or ELU"
    ),
}


class InitialLoss(AbstractRule):
    """Does the network start with predictions of a reasonable size?

    Looks at: the loss of the first step, before any weight has changed, relative to the loss of
    predicting 0 throughout. This is ln K for cross entropy with K classes and ln 2 for binary cross
    entropy. For squared and absolute errors, it is at most the square and the size of the largest
    target. An untrained network should start near this value. A much larger loss exists before the
    first step, so the learning rate cannot be the cause. The weights, the biases or the data are
    too large. The blame is divided by orders of magnitude; the remainder is attributed to functions
    that grow faster than their input, such as an exponential.

    Can look like it: a network that was trained on another task before.

    What helps: initialise the weights with the gain of the activation function (`stetho.init_`),
    scale the data to standard deviation 1, add normalisation, or initialise the last layer with
    small weights.
    """

    name: ClassVar[str] = "initial-loss"
    rank: ClassVar[int] = 9
    limits: ClassVar[dict[str, Limit]] = {
        "loss": Limit(
            5.0,
            "first loss relative to the loss of predicting 0",
            "In the zoo's calibration half, healthy networks start at 1.5 times or less",
        ),
        "severe": Limit(
            100.0,
            "the same ratio, at which the outputs are wrong by orders of magnitude",
            "Two orders of magnitude",
        ),
        "gain": Limit(
            1.5,
            "gain of a layer's weights above which the weights are blamed",
            "He's gain is √2 = 1.41",
        ),
    }

    def check(self, view: RunView) -> Iterator[Finding]:
        first, zero = self._first(view), self._answering_zero(view)
        if zero > 0 and first > self.limit("loss") * zero:
            yield self._finding(view, first, first / zero)

    @staticmethod
    def _first(view: RunView) -> float:
        """Return the first step's loss: infinite if it is not finite, NaN if it was not seen."""
        run = view.run
        if view.is_check or not run.losses or run.loss_steps[0] != 0:
            return math.nan
        return math.inf if run.first_nonfinite_loss == 0 else run.losses[0]

    @staticmethod
    def _answering_zero(view: RunView) -> float:
        """Return an upper bound of the loss of predicting 0; 0 if the loss is unknown or a sum."""
        return _zero_costs(view.run.criteria[0]) if len(view.run.criteria) == 1 else 0.0

    def _finding(self, view: RunView, first: float, ratio: float) -> Finding:
        cause = self._blame(view, ratio)
        return Finding(
            rule=self.name,
            severity=view.severity(ratio > self.limit("severe")),
            message=f"The first loss, before any update, is {number(first)}: {number(ratio)} "
            f"times the "
            "loss of predicting 0 throughout.",
            sites=(),
            first_step=0,
            evidence={"first loss / that of answering 0": Evidence(ratio, self.limit("loss"), "×")},
            cause=cause,
            remedies=(
                Remedy(
                    DO[max(cause, key=lambda name: cause[name])],
                    "a first loss near the loss of predicting 0",
                ),
            ),
        )

    def _blame(self, view: RunView, ratio: float) -> dict[str, float]:
        """Divide by orders of magnitude above unit scale; the rest is due to the functions."""
        parts = {"weights": 0.0, "input": 0.0, "bias": 0.0}
        for layer in view.run.layers:
            gain, x = steps.gain(view, layer), view.first_x_rms(layer.name)
            bias = view.first_rms(layer.bias)
            parts["weights"] += max(0.0, _tens(gain / self.limit("gain")))
            parts["input"] += max(0.0, _tens(x)) if layer.reads_data else 0.0
            parts["bias"] += max(0.0, _tens(bias))
        squared = (
            view.run.criteria[0].function == "mse_loss"
        )  # other losses grow in proportion to the outputs
        excess = _tens(min(ratio, LARGEST)) / (2 if squared else 1)
        parts["function"] = max(0.0, excess - sum(parts.values()))
        return normalised(parts) if any(parts.values()) else {"function": 1.0}

    @classmethod
    def present(cls) -> Run:
        return _beginning_at(250.0)

    @classmethod
    def absent(cls) -> Run:
        return _beginning_at(2.4)


def _zero_costs(criterion: Criterion) -> float:
    largest = max(abs(criterion.target_low), abs(criterion.target_high))
    if criterion.function == "cross_entropy" and criterion.classes > 1:
        return math.log(criterion.classes)
    if criterion.function == "binary_cross_entropy_with_logits":
        return math.log(2)
    return {"mse_loss": largest * largest, "l1_loss": largest}.get(criterion.function, 0.0)


def _tens(ratio: float) -> float:
    """Return the orders of magnitude; 0 if unknown."""
    return math.log10(ratio) if 0 < ratio < math.inf else 0.0


def _beginning_at(loss: float) -> Run:
    falls = tuple(max(2.3, loss * 0.9**step) for step in range(300))
    run = chain(4, losses=falls if loss > LEARNS[0] + 1 else (loss, *LEARNS[1:]))
    plain = Criterion(function="cross_entropy", classes=10, target_low=0, target_high=9)
    return replace(run, criteria=(plain,))

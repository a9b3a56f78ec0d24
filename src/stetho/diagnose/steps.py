"""Measures the optimizer's steps, and divides the blame if they were too large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from stetho.diagnose.phrases import normalised
from stetho.diagnose.view import RunView, relative
from stetho.record import Layer, Probe

LARGE = 0.3  # relative update from which steps are to blame; see the rule oversized-update
AIM = 1e-2  # relative update that every network bears
# Gains of weights (√fan-in times their rms) as they are set up: torch's default is 0.58, the gain
# of tanh 1.59, of sigmoid 1.85.
SMALLEST, LARGEST = 0.3, 1.9
WHOLLY = 6.0  # orders of magnitude that stand for steps that are no numbers


def typical(view: RunView, probe: Probe) -> float:
    """Median over weights of the relative update in one probe; NaN where none is finite."""
    having = [probe.parameters[w.name] for w in view.weights if w.name in probe.parameters]
    known = [update for update in map(relative, having) if math.isfinite(update)]
    return median(known) if known else math.nan


def peak(view: RunView, before: float = math.inf) -> float:
    """The largest typical update of any probe (before a step); NaN if there was none."""
    sizes = [typical(view, probe) for probe in view.probes if probe.step < before]
    return max((size for size in sizes if not math.isnan(size)), default=math.nan)


def first_large(view: RunView) -> tuple[float, int]:
    """The first typical update above `LARGE`, and its step: later ones feed on those before."""
    sizes = ((typical(view, probe), probe.step) for probe in view.probes)
    return next(((size, step) for size, step in sizes if size > LARGE), (math.nan, 0))


def blame(view: RunView) -> dict[str, float]:
    """Orders of magnitude of the first large step: data's and weights'; the rest is the rate's.

    Under plain gradient descent a step is as large as the gradient, which data that is not of unit
    scale multiplies in the first layer, and weights above their gain in every layer. Under squared
    error the step before has multiplied the residual, too, by the rate times the data squared.
    Weights that begin next to 0 make any step large against them.
    """
    size, step = first_large(view)
    squared = any(criterion.function == "mse_loss" for criterion in view.run.criteria)
    power = 3 if squared and step > 0 else 1
    whole = math.log10(size / AIM) if size > AIM else WHOLLY
    gains = {layer: gain(view, layer) for layer in view.run.layers}
    weights = _inflation([size for size in gains.values() if size > 0])
    data = 0.0
    if all(optimizer.name == "SGD" for optimizer in view.run.optimizers):
        for layer, own in gains.items():
            x = view.first_x_rms(layer.name)
            data += power * math.log10(x) if layer.reads_data and x > 1 else 0.0
            weights += math.log10(own / LARGEST) if own > LARGEST else 0.0
    rate = max(0.0, whole - data - weights)
    return normalised({"learning-rate": rate, "input": data, "weights": weights})


def gain(view: RunView, layer: Layer) -> float:
    """√fan-in times the rms of the weights, at first."""
    return view.first_rms(layer.weight) * math.sqrt(layer.fan_in)


def _inflation(gains: Sequence[float]) -> float:
    """Orders of magnitude that weights which begin next to 0 put on a relative update."""
    usual = median(gains) if gains else SMALLEST
    return math.log10(SMALLEST / usual) if usual < SMALLEST else 0.0

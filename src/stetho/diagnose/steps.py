"""Steps of the optimizer → how large they were, and who is to blame where they were too large."""

from __future__ import annotations

import math
from statistics import median

from stetho.diagnose.phrases import normalised
from stetho.diagnose.view import RunView, relative
from stetho.record import Probe

LARGE = 0.3  # relative update from which steps are to blame; see the rule oversized-update
AIM = 1e-2  # relative update that every network bears
GAIN = 1.7  # of weights, √fan-in times their rms: the largest gain of the usual functions
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


def first_large(view: RunView) -> float:
    """The first typical update above `LARGE`: later ones feed on those before."""
    sizes = [typical(view, probe) for probe in view.probes]
    return next((size for size in sizes if size > LARGE), math.nan)


def blame(view: RunView) -> dict[str, float]:
    """Orders of magnitude of the first large step: data's and weights'; the rest is the rate's.

    Under plain gradient descent a step is as large as the gradient, which data that is not of unit
    scale multiplies in the first layer, and weights above their gain in every layer.
    """
    size = first_large(view)
    whole = math.log10(size / AIM) if size > AIM else WHOLLY
    if not all(optimizer.name == "SGD" for optimizer in view.run.optimizers):
        return {"learning-rate": 1.0}
    data = weights = 0.0
    for layer in view.run.layers:
        x = view.first_x_rms(layer.name)
        gain = view.first_rms(layer.weight) * math.sqrt(layer.fan_in) / GAIN
        if layer.reads_data and x > 1:
            data += math.log10(x)
        if gain > 1:
            weights += math.log10(gain)
    rate = max(0.0, whole - data - weights)
    return normalised({"learning-rate": rate, "input": data, "weights": weights})

"""Weights that get no gradient, and whether backward came to them all the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stetho.diagnose.view import RunView
from stetho.record import Parameter, Site

FEWEST_PROBES = 3  # without a gradient; optimizers that take turns step in some probes only


def starves(view: RunView, parameter: Parameter) -> bool:
    """Whether it never has a gradient when its optimizer steps, or one of exactly 0."""
    pulls = [stats.grad_rms for stats in view.history(parameter.name)]
    nothing = all(math.isnan(pull) or pull == 0 for pull in pulls)
    return nothing and len(pulls) >= FEWEST_PROBES


def reached(view: RunView, starved: Sequence[Parameter]) -> Site | None:
    """A hidden site whose gradient shows that backward came to one of these weights; or None.

    If no weight of the network has a gradient, any site will do: backward passed the last layers.
    """
    names = {parameter.name for parameter in starved}
    layers = {layer.name for layer in view.run.layers if layer.weight in names}
    whole = len(starved) == len(view.weights)
    if not layers:
        return None  # they took no part in the forward pass
    near = (site for site in view.hidden if whole or site.layer in layers)
    return next((site for site in near if view.now(site, "down_rms") > 0), None)


def unused(view: RunView, parameter: Parameter) -> bool:
    """Whether an optimizer holds it, and nothing that was seen has used it."""
    pulls = [stats.grad_rms for stats in view.history(parameter.name)]
    used = any(parameter.name in (layer.weight, layer.bias) for layer in view.run.layers)
    idle = len(pulls) >= FEWEST_PROBES and all(math.isnan(pull) for pull in pulls)
    return idle and not used and not parameter.outside

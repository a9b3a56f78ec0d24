"""Values before and after an unknown module → the catalogue's function that maps them, if any."""

from __future__ import annotations

import torch
from torch import Tensor

from stetho import activations
from stetho.record import Function

SAMPLES = 512  # values that are compared
SPREAD = 0.1  # z must cover at least this range on both sides of 0 to tell functions apart
ROUNDINGS = 16  # of single precision, that a formula in several steps may be off


def recognise(z: Tensor, a: Tensor) -> Function | None:
    """The catalogue function nearest to z → a, if it is as near as rounding lets it be."""
    step = max(1, z.numel() // SAMPLES)
    before = z.reshape(-1)[::step].double()
    after = a.reshape(-1)[::step].double()
    if not before.numel() or not before.min() <= -SPREAD or not before.max() >= SPREAD:
        return None
    epsilon = torch.finfo(a.dtype).eps
    tolerance = max(4 * epsilon, min(ROUNDINGS * epsilon, 1e-5))
    allowed = tolerance * (1 + after.abs() + before.abs())
    distances: dict[float, Function] = {}
    for known in activations.catalogue():
        if not (known.gate or known.random or known.name == "identity"):
            distance = ((known.phi(before) - after).abs() / allowed).max()
            distances.setdefault(float(distance), known.facts)
    nearest = min(distances)
    return distances[nearest] if nearest <= 1 else None

"""Values before and after an unknown module → the catalogue's function that maps one to the other."""

from __future__ import annotations

import torch
from torch import Tensor

from stetho import activations
from stetho.record import Function

SAMPLES = 512  # values that are compared
SPREAD = 0.5  # z must cover at least this range on both sides of 0 to tell functions apart


def recognise(z: Tensor, a: Tensor) -> Function | None:
    """The one catalogue function with φ(z) = a to the precision of the tensors, if there is one."""
    step = max(1, z.numel() // SAMPLES)
    before = z.reshape(-1)[::step].double()
    after = a.reshape(-1)[::step].double()
    if not before.numel() or before.min() > -SPREAD or before.max() < SPREAD:
        return None
    tolerance = 4 * float(torch.finfo(a.dtype).eps)
    for name in activations.names():
        known = activations.get(name)
        if known.gate or known.random or name == "identity":
            continue
        error = (known.phi(before) - after).abs()
        if bool((error <= tolerance * (1 + after.abs() + before.abs())).all()):
            return known.facts
    return None

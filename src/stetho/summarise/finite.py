"""A tensor → whether it may be taken as all finite without asking each element."""

from __future__ import annotations

from torch import Tensor


def surely_finite(total: Tensor) -> bool:
    """Whether a sum (or norm) over a tensor shows that every element is finite.

    Asked of a CPU tensor this costs nothing; elsewhere it would wait for the device, so the answer
    is no, and the careful way is taken.
    """
    return total.device.type == "cpu" and bool(total.isfinite())

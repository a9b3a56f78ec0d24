"""What the last layer gets, and the gradient of what it gives → do samples agree on a direction?

The gradient of a linear layer's weight is a sum over samples of ∂L/∂y ⊗ x. Where x tells nothing
of the targets, the terms point anywhere, and the sum is no larger than if the gradients were dealt
out among the samples at random. Where it tells something, the terms agree and the sum is larger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

WORK = 3e8  # multiplications that one call may take
FEWEST = 256  # samples that stand for more


@dataclass(frozen=True, slots=True)
class AgreementSummary:
    """Float64 scalars, that merge with `+` over the calls of one probe and over ranks."""

    together: Tensor  # ‖Σ (g - ḡ) ⊗ (x - x̄)‖²
    by_chance: Tensor  # its mean over all permutations of the samples of g

    def __add__(self, other: AgreementSummary) -> AgreementSummary:
        return AgreementSummary(self.together + other.together, self.by_chance + other.by_chance)

    def row(self) -> list[Tensor]:
        """What `agreement` takes."""
        return [self.together, self.by_chance]


def agreement(row: list[float]) -> float:
    """1: as by chance. NaN: nothing to compare."""
    together, by_chance = row
    return together / by_chance if by_chance > 0 else math.nan


def summarise_agreement(x: Tensor, gradient: Tensor) -> AgreementSummary | None:
    """x: (…, inputs), ∂L/∂y: (…, outputs), the same samples and positions; None: too large.

    The mean over permutations is Σ‖g - ḡ‖² Σ‖x - x̄‖² / (n - 1); with it the ratio is the
    Hilbert-Schmidt independence criterion with linear kernels (Gretton et al. 2005), in units of
    its value under independence. Samples without any gradient (padding) count for nothing.
    """
    inputs = x.reshape(-1, x.shape[-1])
    outputs = gradient.reshape(-1, gradient.shape[-1])
    step = _step(inputs.shape[0], inputs.shape[1] * outputs.shape[1])
    if step is None:
        return None
    inputs, outputs = inputs[::step].float(), outputs[::step].float()
    used = (outputs != 0).any(1, keepdim=True).float()
    count = used.sum()
    centred_x = (inputs - (inputs * used).sum(0) / count) * used
    centred_g = (outputs - (outputs * used).sum(0) / count) * used
    together = (centred_g.T @ centred_x).double().square().sum()
    squares = centred_g.double().square().sum() * centred_x.double().square().sum()
    return AgreementSummary(together, squares / (count.double() - 1))


def _step(samples: int, pairs: int) -> int | None:
    """Every how many samples one is looked at, within the work that is allowed."""
    step = max(1, math.ceil(samples * pairs / WORK))
    return step if step == 1 or samples // step >= FEWEST else None

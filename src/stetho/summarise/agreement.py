"""What the last layer gets, and the gradient of what it gives → do samples agree on a direction?

The gradient of a linear layer's weight is a sum over samples of ∂L/∂y ⊗ x. Where x tells nothing
of the targets, the terms point anywhere, and the sum is no larger than if the gradients were dealt
out among the samples at random. Where it tells something, the terms agree and the sum is larger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stetho.summarise.layout import LIMIT, every
from stetho.summarise.staging import elsewhere

WORK = 3e8  # multiplications that one call may take
PAIRS = 2**20  # products of an input and an output that are kept
FEWEST = 256  # samples that stand for more


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSummary:
    """Float64 sums that merge with `+`, over the calls of one probe and over ranks."""

    count: Tensor  # samples with a gradient
    mean_x: Tensor  # (inputs,)
    mean_g: Tensor  # (outputs,)
    squares_x: Tensor  # Σ ‖x - x̄‖²
    squares_g: Tensor  # Σ ‖g - ḡ‖²
    products: Tensor  # (outputs, inputs): Σ (g - ḡ) ⊗ (x - x̄)
    samples: Tensor  # along the first axis
    mean: Tensor  # over them, of some elements of x
    between: Tensor  # Σ (x - mean)² of the same elements
    whole: Tensor  # Σ x²

    @staticmethod
    def of(
        count: Tensor,
        mean_x: Tensor,
        mean_g: Tensor,
        unit_x: Tensor,
        norm_x: Tensor,
        unit_g: Tensor,
        norm_g: Tensor,
        products: Tensor,
        samples: Tensor,
        mean: Tensor,
        between: Tensor,
        whole: Tensor,
    ) -> AgreementSummary:
        """Of what `sums_of_agreement` gives."""
        return AgreementSummary(
            count=count.double(),
            mean_x=mean_x.double(),
            mean_g=mean_g.double(),
            squares_x=(unit_x.double() * norm_x.double()).square(),
            squares_g=(unit_g.double() * norm_g.double()).square(),
            products=products.double(),
            samples=samples.double(),
            mean=mean.double(),
            between=between.double().square(),
            whole=whole.double().square(),
        )

    def __add__(self, other: AgreementSummary) -> AgreementSummary:
        """Chan, Golub and LeVeque 1979, for covariances."""
        count = self.count + other.count
        part = other.count / count.clamp(min=1)
        apart_x, apart_g = other.mean_x - self.mean_x, other.mean_g - self.mean_g
        weight = self.count * part
        return AgreementSummary(
            count=count,
            mean_x=self.mean_x + part * apart_x,
            mean_g=self.mean_g + part * apart_g,
            squares_x=self.squares_x + other.squares_x + weight * apart_x.square().sum(),
            squares_g=self.squares_g + other.squares_g + weight * apart_g.square().sum(),
            products=self.products + other.products + weight * apart_g[:, None] * apart_x,
            samples=self.samples + other.samples,
            mean=self._joined_mean(other),
            between=self.between + other.between + self._apart(other),
            whole=self.whole + other.whole,
        )

    def _joined_mean(self, other: AgreementSummary) -> Tensor:
        if self.mean.shape != other.mean.shape:  # batches of other sizes: other elements
            return self.mean
        share = other.samples / (self.samples + other.samples)
        return self.mean + share * (other.mean - self.mean)

    def _apart(self, other: AgreementSummary) -> Tensor:
        """What the distance of both means adds to `between`."""
        if self.mean.shape != other.mean.shape:
            return torch.zeros_like(self.between)
        pairs = self.samples * other.samples / (self.samples + other.samples)
        return pairs * (other.mean - self.mean).square().sum()

    def row(self) -> Tensor:
        """What `agreement` takes: ‖Σ g ⊗ x‖², its mean over all permutations of g; and how far
        samples differ."""
        by_chance = self.squares_g * self.squares_x / (self.count - 1)
        return torch.stack([self.products.square().sum(), by_chance, self.between, self.whole])


def agreement(row: list[float]) -> dict[str, float]:
    """The fields of `record.LayerStats`."""
    together, by_chance, between, whole = row
    return {
        "agreement": together / by_chance if by_chance > 0 else math.nan,
        "varies": math.sqrt(between / whole) if whole > 0 else math.nan,
    }


def summarise_agreement(x: Tensor, gradient: Tensor) -> AgreementSummary | None:
    """x: (…, inputs), ∂L/∂y: (…, outputs), the same samples and positions; None: too large.

    The mean over permutations is Σ‖g - ḡ‖² Σ‖x - x̄‖² / (n - 1); with it the ratio is the
    Hilbert-Schmidt independence criterion with linear kernels (Gretton et al. 2005), in units of
    its value under independence. Samples without any gradient (padding) count for nothing.
    """
    sums = sums_of_agreement(x, gradient)
    return None if sums is None else AgreementSummary.of(*sums)


def sums_of_agreement(x: Tensor, gradient: Tensor) -> tuple[Tensor, ...] | None:
    """What `AgreementSummary.of` takes: single precision, where the tensors lie."""
    inputs = x.reshape(-1, x.shape[-1])
    outputs = gradient.reshape(-1, gradient.shape[-1])
    step = _step(inputs.shape[0], inputs.shape[1] * outputs.shape[1])
    if step is None or not inputs.numel() or not outputs.numel():
        return None
    inputs, outputs = inputs[::step].float(), outputs[::step].float()
    used = outputs.abs().amax(1, keepdim=True) != 0  # of NaN, too
    if not elsewhere(used) and bool(used.all()):
        count = used.sum()
        mean_x, mean_g = inputs.mean(0), outputs.mean(0)
        centred_x, centred_g = inputs - mean_x, outputs - mean_g
    else:
        share = used.float()
        count = share.sum()
        some = count.clamp(min=1)
        mean_x, mean_g = (inputs * share).sum(0) / some, (outputs * share).sum(0) / some
        centred_x, centred_g = (inputs - mean_x) * share, (outputs - mean_g) * share
    products = centred_g.T @ centred_x
    differ = _differences(x)
    return count, mean_x, mean_g, *_size(centred_x), *_size(centred_g), products, *differ


def _differences(x: Tensor) -> tuple[Tensor, ...]:
    """Of some elements: samples, mean over them, √Σ of the deviations from it, √Σ of squares."""
    stride = max(1, x.numel() // LIMIT)
    some = every(x.movedim(0, -1), stride, inner=1).float()
    mean = some.mean(1)
    apart = torch.linalg.vector_norm(some - mean[:, None])
    return mean.new_full((), x.shape[0]), mean, apart, torch.linalg.vector_norm(some)


def _size(x: Tensor) -> tuple[Tensor, Tensor]:
    """A unit, and the norm in it. On a device, which may lack float64, the largest element."""
    if not elsewhere(x):
        return x.new_ones(()), torch.linalg.vector_norm(x, dtype=torch.float64)
    peak: Tensor = torch.linalg.vector_norm(x, torch.inf)
    unit = torch.where(peak > 0, peak, 1.0)
    return peak, torch.linalg.vector_norm(x / unit)


def _step(samples: int, pairs: int) -> int | None:
    """Every how many samples one is looked at, within the work that is allowed."""
    step = max(1, math.ceil(samples * pairs / WORK))
    enough = step == 1 or samples // step >= FEWEST
    return step if enough and pairs <= PAIRS else None

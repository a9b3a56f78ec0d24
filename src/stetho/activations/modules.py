"""Activation functions that torch has no module for → modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class RReLUPaper(nn.Module):
    """z above zero; below it z/a with a ~ U(lower, upper) in training, a = the mean in evaluation.

    Xu, Wang, Chen and Li 2015, Empirical Evaluation of Rectified Activations in Convolutional
    Network. `torch.nn.RReLU` multiplies by U(1/8, 1/3) instead, whose mean is not 1/5.5.
    """

    def __init__(self, lower: float = 3.0, upper: float = 8.0) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper

    def forward(self, z: Tensor) -> Tensor:
        if self.training:
            divisor = torch.empty_like(z).uniform_(self.lower, self.upper)
            return torch.where(z > 0, z, z / divisor)
        return F.leaky_relu(z, 2 / (self.lower + self.upper))


class RReLUArticle(nn.Module):
    """z above zero; below it αz with α ~ N(mean, std) in training, α = mean in evaluation.

    The form that the article gives (D2). A negative α turns negative inputs positive.
    """

    def __init__(self, mean: float = 0.0, std: float = 1.0) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, z: Tensor) -> Tensor:
        if self.training:
            slope = torch.empty_like(z).normal_(self.mean, self.std)
            return torch.where(z > 0, z, slope * z)
        return F.leaky_relu(z, self.mean)


class SquaredReLU(nn.Module):
    """max(z, 0)². So et al. 2021, Primer."""

    def forward(self, z: Tensor) -> Tensor:
        return F.relu(z) ** 2


class _Gated(nn.Module):
    """u · φ(z) for the halves u, z of the input along `dim`. Shazeer 2020."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        value, gate = x.chunk(2, dim=self.dim)
        return value * self.phi(gate)

    def phi(self, z: Tensor) -> Tensor:
        raise NotImplementedError


class ReGLU(_Gated):
    """A gated linear unit with ReLU on the gate."""

    def phi(self, z: Tensor) -> Tensor:
        return F.relu(z)


class GEGLU(_Gated):
    """A gated linear unit with GELU on the gate."""

    def phi(self, z: Tensor) -> Tensor:
        return F.gelu(z)


class SwiGLU(_Gated):
    """A gated linear unit with SiLU on the gate."""

    def phi(self, z: Tensor) -> Tensor:
        return F.silu(z)

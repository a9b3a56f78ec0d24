"""What a layer gives for some samples → how much of it is the class, how much is irrelevant."""

from __future__ import annotations

import torch
from torch import Tensor


def normal(like: Tensor, seed: int) -> Tensor:
    """Draws from N(0, 1) in the shape of `like`; torch's own random state stays as it was."""
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed))


def between_classes(a: Tensor, y: Tensor) -> float:
    """Σ over units (samples, units) of the variance of the classes' means."""
    return float(class_means(a, y)[y].var(0, correction=0).sum())


def within_classes(a: Tensor, y: Tensor) -> float:
    """Σ over units of the mean square about the mean of the sample's class."""
    return float((a - class_means(a, y)[y]).square().mean(0).sum())


def by_noise(clean: Tensor, noisy: Tensor) -> float:
    """Σ over units of the mean square of the change that noise in the input makes."""
    return float((noisy - clean).square().mean(0).sum())


def likeness(a: Tensor) -> float:
    """Mean |correlation| between two different units over samples; constant units are left out."""
    centred = a - a.mean(0)
    size = centred.norm(dim=0)
    varied = size > 1e-6 * size.max()
    scaled = centred[:, varied] / size[varied]
    count = scaled.shape[1]
    return float(((scaled.T @ scaled).abs().sum() - count) / (count * (count - 1)))


def class_means(a: Tensor, y: Tensor) -> Tensor:
    """Mean activations (classes, units); a class counts alike however many samples it has."""
    member = torch.nn.functional.one_hot(y).to(a.dtype)
    return (member.T @ a) / member.sum(0).clamp(min=1)[:, None]

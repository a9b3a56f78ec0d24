"""A stack of sigmoid layers by hand, in NumPy float64: forward, backward, the article's factors.

Nothing of stetho or of autograd is used: every derivative is written out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class ChainRule:
    """Root mean squares by site, first to last."""

    up: list[float]  # ∂L/∂a
    down: list[float]  # ∂L/∂z

    @property
    def total(self) -> float:
        """How much of the last site's upstream gradient arrives at the first pre-activation."""
        return self.down[0] / self.up[-1]

    @property
    def slope_factors(self) -> list[float]:
        return [d / u for d, u in zip(self.down, self.up, strict=True)]

    @property
    def weight_factors(self) -> list[float]:
        return [u / d for u, d in zip(self.up[:-1], self.down[1:], strict=True)]

    @property
    def slope_share(self) -> float:
        return float(np.sum(np.log(self.slope_factors)) / np.log(self.total))

    @property
    def weight_share(self) -> float:
        return float(np.sum(np.log(self.weight_factors)) / np.log(self.total))


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


def chain_rule(
    weights: list[np.ndarray], biases: list[np.ndarray], x: np.ndarray, y: np.ndarray
) -> ChainRule:
    """Gradients of the mean cross entropy of sigmoid layers and a linear head.

    `weights[i]` has shape (out, in); the last pair is the head. x: (samples, features).
    """
    a = x
    activations = []
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        a = sigmoid(a @ weight.T + bias)
        activations.append(a)
    logits = a @ weights[-1].T + biases[-1]
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    gradient = p / len(y)  # ∂L/∂logits
    up, down = [], []
    for i in reversed(range(len(activations))):
        gradient = gradient @ weights[i + 1]  # ∂L/∂a
        up.append(rms(gradient))
        gradient = gradient * activations[i] * (1 - activations[i])  # ∂L/∂z
        down.append(rms(gradient))
    return ChainRule(up[::-1], down[::-1])

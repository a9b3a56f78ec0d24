"""The name of an activation function → a small detector in the manner of Darknet.

Blocks of convolution, batch normalisation and the function, with skip connections around a narrow
and a wide one (Redmon and Farhadi 2018, YOLOv3), and a head that answers for each cell.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from stetho import activations
from stetho.activations.modules import build
from stetho.article.detection import FEATURES


class Block(nn.Sequential):
    """Convolution, batch normalisation, function; half the size with a stride of 2."""

    def __init__(
        self, make: Callable[[], nn.Module], fan_in: int, fan_out: int, kernel: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(fan_in, fan_out, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(fan_out)
        self.act = make()


class Residual(nn.Module):
    """x + a wide block of a narrow block of x."""

    def __init__(self, make: Callable[[], nn.Module], width: int) -> None:
        super().__init__()
        self.narrow = Block(make, width, width // 2, 1)
        self.wide = Block(make, width // 2, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.wide(self.narrow(x))
        return out


def detector(function: str, seed: int) -> nn.Sequential:
    """From pictures to a grid of cells a quarter their size; random state is left as it was."""
    record = activations.get(function)

    def make() -> nn.Module:
        return build(record)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential()
        model.add_module("stem", Block(make, 1, 8, 3, stride=2))
        model.add_module("early", Residual(make, 8))
        model.add_module("down", Block(make, 8, 24, 3, stride=2))
        model.add_module("late", Residual(make, 24))
        model.add_module("last", Block(make, 24, 64, 3))
        model.add_module("head", nn.Conv2d(64, FEATURES, 1))
    return model

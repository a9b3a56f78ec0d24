"""Samples, a number of steps → sequences that show them early; recurrent networks for them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stetho.article.data import Split


class Recurrent(nn.Module):
    """A recurrent layer, and a linear one behind its last step."""

    def __init__(self, layer: nn.RNNBase, outputs: int) -> None:
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(layer.hidden_size, outputs)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.layer(x)
        out: Tensor = self.head(states[:, -1])
        return out


def recurrent(
    kind: str, width: int, *, seed: int, inputs: int = 64, outputs: int = 10, forget: float = 0.0
) -> Recurrent:
    """As torch sets it up; random state is left as it was.

    Args:
        kind: "RNN" (of tanh) or "LSTM".
        forget: of an LSTM, added to the bias of the forget gate; a plain network has none.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        layer = {"RNN": nn.RNN, "LSTM": nn.LSTM}[kind](inputs, width, batch_first=True)
        if kind == "LSTM":
            gates = layer.bias_ih_l0.view(4, width)  # input, forget, cell, output
            gates[1].add_(forget)
        return Recurrent(layer, outputs)


def shown_first(split: Split, steps: int) -> Split:
    """Each sample at the first of so many steps, and nothing but zeros afterwards."""
    return replace(split, x=_padded(split.x, steps), x_test=_padded(split.x_test, steps))


def _padded(x: Tensor, steps: int) -> Tensor:
    return F.pad(x[:, None, :], (0, 0, 0, steps - 1))

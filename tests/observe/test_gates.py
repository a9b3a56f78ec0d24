"""Which sites are gates: their output multiplies another signal."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from stetho.observe.checkup import trace


class Lambda(nn.Module):
    """A layer, and what a test does with its output."""

    def __init__(self, function):
        super().__init__()
        self.layer, self.other, self.head = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 2)
        self.function = function

    def forward(self, x):
        return self.head(self.function(self.layer(x), self.other(x)))


CASES = {
    "gated linear unit": (lambda z, u: F.silu(z) * u, {"silu"}),
    "in the other order": (lambda z, u: u * F.silu(z), {"silu"}),
    "method": (lambda z, u: torch.sigmoid(z).mul(u), {"sigmoid"}),
    "reshaped on the way": (lambda z, u: torch.sigmoid(z).view(-1, 8) * u, {"sigmoid"}),
    "both sides bounded (LSTM)": (
        lambda z, u: torch.sigmoid(z) * torch.tanh(u),
        {"sigmoid", "tanh"},
    ),
    "of two the bounded one": (lambda z, u: torch.sigmoid(z) * torch.relu(u), {"sigmoid"}),
    "SiLU written out": (lambda z, u: z * torch.sigmoid(z), {"sigmoid"}),
    "no product": (lambda z, u: torch.relu(z) + u, set()),
    "times a number": (lambda z, u: 2 * torch.relu(z), set()),
    "times a mask": (lambda z, u: torch.relu(z) * (torch.rand(8) > 0.5), set()),
    "normalised by hand": (lambda z, u: _rms(torch.relu(z)), set()),
    "divided": (lambda z, u: torch.relu(z) / (1 + u * u), set()),
}


def _rms(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)


@pytest.mark.parametrize("name", CASES)
def test_gates_are_told_from_other_sites(name):
    function, expected = CASES[name]
    structure = trace(Lambda(function), torch.randn(16, 6))
    assert structure.sites
    assert {s.function.name for s in structure.sites.values() if s.gate} == expected


def test_squeeze_and_excitation_gates_by_its_sigmoid_alone():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(4, 2)
            self.down, self.up = nn.Linear(4, 2), nn.Linear(2, 4)

        def forward(self, x):
            x = torch.relu(self.conv(x))
            scale = torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3))))))
            return self.head((x * scale[:, :, None, None]).mean((2, 3)))

    sites = trace(Block(), torch.randn(3, 1, 6, 6)).sites
    assert {name: site.gate for name, site in sites.items()} == {
        "relu": False,
        "relu#1": False,
        "sigmoid": True,
    }

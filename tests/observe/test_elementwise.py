"""Modules that we do not know: which of them bend every element by itself?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from stetho.observe.elementwise import Verdict, judge


class Calls(torch.overrides.TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.add(func.__name__)
        return func(*args, **(kwargs or {}))


WEIGHTS = nn.Parameter(torch.tensor([0.3, 0.5, 0.2]))
SCALE = nn.Parameter(torch.linspace(0.5, 2, 8))


def by_pieces(x):
    out = 0.1 * x
    out[x > 0] = x[x > 0]
    return out


def polynomial(x):
    return sum(WEIGHTS[place] * x * x for place in range(3))


def random_slope(x):
    return torch.where(x > 0, x, torch.rand_like(x) * x)


def dropout(x):
    return x * (torch.rand_like(x) > 0.3) / 0.7


def drop_path(x):
    return x / 0.7 * torch.floor(0.7 + torch.rand(len(x), 1))


FUNCTIONS = {
    "pieces by index": (by_pieces, Verdict.ACTIVATION),
    "a blend": (
        lambda x: sum(w * f(x) for w, f in zip(WEIGHTS.unbind(), (torch.relu, torch.tanh))),
        Verdict.ACTIVATION,
    ),
    "a polynomial": (polynomial, Verdict.ACTIVATION),
    "a random slope": (random_slope, Verdict.ACTIVATION),
    "a scale for each unit": (lambda x: x * SCALE, Verdict.LINEAR),
    "a learned scale": (lambda x: x * WEIGHTS[0] + WEIGHTS[1], Verdict.LINEAR),
    "dropout by hand": (dropout, Verdict.OTHER),
    "stochastic depth": (drop_path, Verdict.OTHER),
    "noise": (lambda x: x + torch.randn_like(x).abs(), Verdict.LINEAR),
    "softmax": (lambda x: torch.softmax(x, -1), Verdict.MIXING),
    "a neighbour": (lambda x: torch.relu(x[:, torch.arange(7, -1, -1)]), Verdict.MIXING),
    "maxout": (lambda x: torch.maximum(*x.chunk(2, 1)), Verdict.MIXING),
    "a normalisation": (
        lambda x: x * torch.rsqrt(x.square().mean(-1, keepdim=True)),
        Verdict.OTHER,
    ),
    "a layer": (lambda x: torch.relu(x @ torch.eye(8)), Verdict.OTHER),
    "a shift": (lambda x: x.roll(1), Verdict.OTHER),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_module_is_told_by_what_it_calls_and_by_its_jacobian(name):
    function, expected = FUNCTIONS[name]
    torch.manual_seed(0)
    z = torch.randn(64, 8, requires_grad=True) * 1.0
    with Calls() as calls:
        output = function(z)
    state = torch.get_rng_state()
    assert judge(calls.names, z, output) is expected
    assert torch.equal(state, torch.get_rng_state())
    output.sum().backward()  # the graph is still whole

"""Calls and modules → the right record, seen through a real torch function mode."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from stetho import activations
from stetho.activations import modules

Z = torch.linspace(-3, 3, 24).reshape(2, 12)


class Calls(TorchFunctionMode):
    """Names of the activation functions that are called while it is on."""

    def __init__(self):
        super().__init__()
        self.facts = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        bind = activations.for_call(func)
        function = bind(args, kwargs or {}) if bind else None
        if function is not None:
            self.facts.append(function)
        return func(*args, **(kwargs or {}))


def seen(call):
    with Calls() as calls:
        call(Z.clone())
    return [function.name for function in calls.facts]


SPELLINGS = {
    "sigmoid": [torch.sigmoid, F.sigmoid, torch.special.expit, lambda z: z.sigmoid(), nn.Sigmoid()],
    "tanh": [torch.tanh, F.tanh, lambda z: z.tanh(), lambda z: z.tanh_(), nn.Tanh()],
    "relu": [
        *(torch.relu, F.relu, lambda z: z.relu(), lambda z: z.relu_(), nn.ReLU(inplace=True)),
        *(lambda z: F.relu(z, inplace=True), lambda z: z.clamp(min=0), lambda z: z.clamp_min(0)),
        *(lambda z: torch.clamp(z, 0), nn.Threshold(0, 0), lambda z: torch.clip(z, min=0)),
    ],
    "relu6": [F.relu6, nn.ReLU6(), lambda z: z.clamp(0, 6)],
    "leaky_relu": [F.leaky_relu, nn.LeakyReLU(0.2), lambda z: F.leaky_relu(z, 0.1, inplace=True)],
    "prelu": [nn.PReLU(), lambda z: F.prelu(z, torch.tensor([0.1]))],
    "rrelu": [F.rrelu, nn.RReLU()],
    "elu": [F.elu, nn.ELU(), lambda z: F.elu(z, alpha=0.5), lambda z: F.elu_(z)],
    "celu": [F.celu, nn.CELU()],
    "selu": [F.selu, torch.selu, nn.SELU()],
    "softplus": [F.softplus, nn.Softplus(beta=2)],
    "gelu": [F.gelu, nn.GELU()],
    "gelu_tanh": [lambda z: F.gelu(z, approximate="tanh"), nn.GELU(approximate="tanh")],
    "silu": [F.silu, nn.SiLU(), lambda z: F.silu(z, inplace=True)],
    "mish": [F.mish, nn.Mish()],
    "hardswish": [F.hardswish, nn.Hardswish()],
    "hardsigmoid": [F.hardsigmoid, nn.Hardsigmoid()],
    "hardtanh": [F.hardtanh, nn.Hardtanh(-2, 2)],
    "softsign": [F.softsign, nn.Softsign()],
    "glu": [F.glu, nn.GLU()],
    "rrelu_paper": [modules.RReLUPaper(), modules.rrelu_paper],
    "rrelu_article": [modules.RReLUArticle(), modules.rrelu_article],
    "squared_relu": [modules.SquaredReLU()],
    "reglu": [modules.ReGLU()],
    "geglu": [modules.GEGLU()],
    "swiglu": [modules.SwiGLU()],
}
CASES = [(name, call) for name, calls in SPELLINGS.items() for call in calls]


def test_every_member_is_spelled_here():
    assert sorted([*SPELLINGS, "identity"]) == sorted(activations.names())


@pytest.mark.parametrize(("name", "call"), CASES)
def test_a_call_is_known_once_however_it_is_spelled(name, call):
    assert seen(call).count(name) == 1
    assert len(set(seen(call))) == 1  # F.relu calls torch.relu: the same function seen again


@pytest.mark.parametrize(
    "call",
    [
        lambda z: z.clamp(-1, 2),
        lambda z: z.clamp(max=0),
        lambda z: F.threshold(z, 0.1, 20),
        lambda z: z + 1,
        lambda z: torch.softmax(z, -1),
        nn.LayerNorm(12),
    ],
)
def test_what_is_no_activation_function_is_not_known(call):
    assert seen(call) == []


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        (lambda z: F.leaky_relu(z, 0.3), {"negative_slope": 0.3}),
        (nn.ELU(alpha=0.7), {"alpha": 0.7}),
        (nn.Hardtanh(-2, 0.5), {"min_val": -2.0, "max_val": 0.5}),
        (nn.PReLU(init=0.4), {"weight": 0.4}),
        (lambda z: F.rrelu(z, 0.1, 0.2), {"lower": 0.1, "upper": 0.2}),
    ],
)
def test_parameters_are_read_from_the_call(call, parameters):
    with Calls() as calls:
        call(Z.clone())
    assert dict(calls.facts[0].parameters) == pytest.approx(parameters)


MODULES = [(name, call) for name, call in CASES if isinstance(call, nn.Module)]


@pytest.mark.parametrize(("name", "module"), MODULES)
def test_a_module_is_known_and_computes_what_its_record_says(name, module):
    record = activations.for_module(module)
    assert record is not None
    assert record.name == name
    if not record.gate:
        module.eval()
        torch.testing.assert_close(module(Z.clone()), record.phi(Z), rtol=1e-5, atol=1e-6)


def test_a_subclass_or_another_module_is_not_known():
    class Mine(nn.ReLU):
        def forward(self, x):
            return x * 2

    assert activations.for_module(Mine()) is None
    assert activations.for_module(nn.Linear(2, 2)) is None


@pytest.mark.parametrize("record", activations.catalogue(), ids=lambda record: record.name)
def test_a_record_builds_a_module_that_is_known_again(record):
    module = modules.build(record)
    if record.name == "identity":
        assert torch.equal(module(Z), Z)
        return
    again = activations.for_module(module)
    assert again is not None
    assert again.facts == record.facts


# -- the three randomised forms (D2) --------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "mean", "low", "high"),
    [
        # U(1/8, 1/3): mean 11/48 = .2292
        (nn.RReLU(), 11 / 48, 1 / 8, 1 / 3),
        # 1/U(3, 8): mean ln(8/3)/5 = .1962, between 1/8 and 1/3
        (modules.RReLUPaper(), 0.19617, 1 / 8, 1 / 3),
        # N(0, 1): mean 0, no bounds
        (modules.RReLUArticle(), 0.0, -10, 10),
    ],
)
def test_randomised_leaky_relu_draws_its_slopes_as_its_name_says(module, mean, low, high):
    torch.manual_seed(0)
    slopes = -module.train()(torch.full((400_000,), -1.0))
    assert float(slopes.mean()) == pytest.approx(mean, abs=4 * float(slopes.std()) / 632)
    assert low <= float(slopes.min()) < float(slopes.max()) <= high
    assert torch.equal(module(torch.ones(5)), torch.ones(5))


def test_in_evaluation_each_form_has_one_slope():
    z = torch.tensor([-1.0, 2.0])
    for module, slope in [
        (nn.RReLU(), 11 / 48),
        (modules.RReLUPaper(), 1 / 5.5),
        (modules.RReLUArticle(), 0.0),
    ]:
        torch.testing.assert_close(module.eval()(z), torch.tensor([-slope, 2.0]))


def test_draw_moments_are_those_of_the_draws():
    torch.manual_seed(0)
    for name in ("rrelu", "rrelu_paper", "rrelu_article"):
        record = activations.get(name)
        slopes = -record.draw(torch.full((400_000,), -1.0, dtype=torch.float64))
        first, second = record.draw_moments
        assert float(slopes.mean()) == pytest.approx(first, abs=0.01)
        assert float(slopes.square().mean()) == pytest.approx(second, rel=0.02)

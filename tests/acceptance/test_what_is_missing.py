"""Networks in which something that training needs is missing, and twins in which it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.record import Severity


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


def rings(count=256):
    """Points of two rings: no line tells them apart."""
    angle = 6.2832 * torch.rand(count)
    inner = torch.arange(count) % 2
    radius = torch.where(inner == 1, 0.4, 1.0) + 0.05 * torch.randn(count)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), inner


def train(model, optimizer, steps=150, batch=64):
    x, y = rings()
    with stetho.watch(model) as watched:
        for step in range(steps):
            some = torch.randperm(len(x))[:batch]
            optimizer(step).zero_grad()
            F.cross_entropy(model(x[some]), y[some]).backward()
            optimizer(step).step()
    return watched.result.diagnosis


def adam(parameters, lr=1e-2, **settings):
    made = torch.optim.Adam(parameters, lr=lr, **settings)
    return lambda step: made


def lead(diagnosis):
    return diagnosis.findings[0] if diagnosis.findings else None


class Net(nn.Module):
    """Two hidden layers, each followed by `between`."""

    def __init__(self, between):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(2, 16), nn.Linear(16, 16), nn.Linear(16, 2)
        self.between = between

    def forward(self, x):
        x = self.between(self.first(x))
        return self.last(torch.tanh(self.second(x)))


@pytest.mark.parametrize(
    ("between", "name"),
    [
        (lambda z: torch.sign(z), "sign"),
        (lambda z: z.round(), "round"),
        (lambda z: torch.floor(z), "floor"),
        (lambda z: torch.tanh(z).detach(), "detach"),
        (lambda z: torch.tanh(z.data), "data"),
        (lambda z: torch.from_numpy(np.tanh(z.detach().numpy())), "detach"),
        (lambda z: (z > 0).float(), "gt"),
    ],
    ids=["sign", "round", "floor", "detach", "data", "numpy", "greater"],
)
def test_a_function_at_which_the_gradient_ends_is_named_with_its_layer(between, name):
    model = Net(between)
    found = lead(train(model, adam(model.parameters())))
    assert (found.rule, dict(found.cause)) == ("cut-gradient", {"operation": 1.0})
    assert found.sites == ("first.weight",)
    assert f"layer first goes into {name}," in found.message


def test_a_part_inside_of_no_grad_is_named():
    class Frozen(Net):
        def forward(self, x):
            with torch.no_grad():
                x = torch.tanh(self.first(x))
            return self.last(torch.tanh(self.second(x)))

    model = Frozen(None)
    found = lead(train(model, adam(model.parameters())))
    assert found.rule == "cut-gradient"
    assert "torch.no_grad" in found.message
    assert found.sites == ("first.weight",)


def looks_but_does_not_touch(z):
    """Reads values in passing, as scripts do for what they print."""
    z.detach().round(), z.argmax(1), (z > 0).sum().item(), z.mean().item()
    return torch.tanh(z)


@pytest.mark.parametrize(
    "between",
    [looks_but_does_not_touch, lambda z: z + (torch.sign(z) - z).detach(), torch.relu],
    ids=["printed", "straight-through", "relu"],
)
def test_what_only_looks_like_an_end_is_quiet(between):
    model = Net(between)
    diagnosis = train(model, adam(model.parameters()))
    assert "cut-gradient" not in [finding.rule for finding in diagnosis.findings]


@pytest.mark.parametrize("to_none", [True, False], ids=["none", "zeros"])
def test_gradients_that_are_gone_when_the_optimizer_steps_are_told(to_none):
    model, (x, y) = Net(torch.relu), rings()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with stetho.watch(model) as watched:
        for _ in range(150):
            loss = F.cross_entropy(model(x[:64]), y[:64])
            loss.backward()
            loss.item()
            optimizer.zero_grad(set_to_none=to_none)
            optimizer.step()
    diagnosis = watched.result.diagnosis
    found = lead(diagnosis)
    assert (found.rule, found.severity) == ("lost-gradient", Severity.FAULT)
    assert "missing or in the wrong place" in diagnosis.verdict
    assert "cut-gradient" not in [finding.rule for finding in diagnosis.findings]


def test_gradients_that_a_closure_makes_and_the_script_then_clears_are_not_lost():
    model, (x, y) = Net(torch.relu), rings()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def closure():
        loss = F.cross_entropy(model(x[:64]), y[:64])
        loss.backward()
        return loss

    with stetho.watch(model) as watched:
        for _ in range(150):
            optimizer.step(closure)
            optimizer.zero_grad()
    found = {finding.rule for finding in watched.result.diagnosis.findings}
    assert not found & {"lost-gradient", "cut-gradient"}


@pytest.mark.parametrize("width", [16, 24], ids=["of the same shapes", "of other shapes"])
def test_an_optimizer_of_another_model_is_named(width):
    old = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2))
    steps = adam(old.parameters())
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    found = lead(train(model, steps))
    assert (found.rule, found.severity) == ("untrained-weights", Severity.FAULT)
    assert "Adam holds 4 other tensors" in found.message
    assert ("of the same shapes" in found.message) is (width == 16)
    assert found.cause == {"frozen": 1.0}


def test_a_head_that_is_trained_alone_and_learns_gets_a_note():
    model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 2))
    diagnosis = train(model, adam(model[2].parameters(), lr=3e-2))
    assert diagnosis.learning == "learns"
    (found,) = [one for one in diagnosis.findings if one.rule == "untrained-weights"]
    assert found.severity == Severity.NOTE
    assert "frozen on purpose" not in found.message


@pytest.mark.parametrize(
    "between",
    [[], [nn.BatchNorm1d(16)], [nn.Dropout(0.1)], [nn.Unflatten(1, (4, 4)), nn.Flatten()]],
    ids=["nothing", "normalisation", "dropout", "reshaping"],
)
def test_layers_with_nothing_between_them_are_told(between):
    model = nn.Sequential(nn.Linear(2, 16), *between, nn.Linear(16, 16), nn.Linear(16, 2))
    found = lead(train(model, adam(model.parameters())))
    assert (found.rule, found.severity) == ("no-nonlinearity", Severity.FAULT)
    assert "3 layers in sequence" in found.message


class Square(nn.Module):
    """A function that no catalogue has, written out."""

    def forward(self, x):
        return x * x


@pytest.mark.parametrize("function", [Square(), nn.MaxPool1d(2), nn.LayerNorm(16), nn.PReLU()])
def test_whatever_bends_between_the_layers_counts(function):
    width = 8 if isinstance(function, nn.MaxPool1d) else 16
    model = nn.Sequential(nn.Linear(2, 16), function, nn.Linear(width, 2))
    diagnosis = train(model, adam(model.parameters()))
    assert "no-nonlinearity" not in [finding.rule for finding in diagnosis.findings]


def test_a_rate_that_falls_below_0_is_told():
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    made = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)

    def falling(step):
        made.param_groups[0]["lr"] = 0.2 * (1 - step / 50)
        return made

    diagnosis = train(model, falling, steps=200)
    assert lead(diagnosis).rule == "negative-rate"
    assert "the learning rate" in diagnosis.verdict


@pytest.mark.parametrize(("epsilon", "told"), [(1e-8, True), (1e-4, False)])
def test_an_epsilon_that_is_0_in_the_weights_format_is_told(epsilon, told):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2)).half()

        def forward(self, x):
            return self.inner(x.half()).float()

    model = Half()
    diagnosis = train(model, adam(model.parameters(), lr=1e-3, eps=epsilon))
    assert ("lost-epsilon" in [one.rule for one in diagnosis.findings]) is told

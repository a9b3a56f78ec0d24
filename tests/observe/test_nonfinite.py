"""Where the first NaN or infinity of a run arises: twelve kinds, at the first step and late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

import stetho

LATE = 137
STEPS = 3  # that a run goes on for


class Net(nn.Module):
    """Two layers with an operation between them, or behind them, that may go wrong."""

    def __init__(self, middle: Callable, end: Callable) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.second = nn.Linear(8, 3)
        self.middle, self.end = middle, end

    def forward(self, x: Tensor, broken: bool) -> Tensor:
        return self.end(self.second(self.middle(torch.tanh(self.first(x)), broken)), broken)


def plainly(h: Tensor, broken: bool) -> Tensor:
    return h


def squared(y: Tensor, broken: bool) -> Tensor:
    return y.square().mean()


def zero_if(broken: bool, h: Tensor) -> Tensor:
    """Positive, or exactly 0 for the first sample."""
    positive = h.square() + 0.1
    mask = torch.ones_like(h)
    if broken:
        mask[0] = 0
    return positive * mask


def masked(h: Tensor, broken: bool) -> Tensor:
    """Attention over a sample's units, of which a mask leaves some, or none."""
    hidden = torch.zeros_like(h, dtype=torch.bool)
    hidden[:, -1] = True
    if broken:
        hidden[0] = True
    return torch.softmax(h.masked_fill(hidden, -torch.inf), -1)


def over_one_value(h: Tensor, broken: bool) -> Tensor:
    part = h[:1] if broken else h
    return (h - part.mean(0)) / (part.var(0) + 1e-5).sqrt()


def difference_of_infinities(h: Tensor, broken: bool) -> Tensor:
    size = torch.tensor(torch.inf if broken else 1.0)
    return (h.abs() + size) - (h.abs() * 2 + size)


def acos(h: Tensor, broken: bool) -> Tensor:
    cosine = h / h.abs().max().detach()
    return torch.acos(cosine if broken else 0.9 * cosine)


def half(h: Tensor, broken: bool) -> Tensor:
    factor = 60_000.0 if broken else 1.0
    return ((h.abs() + 2).half() * factor).float()


@dataclass(frozen=True)
class Kind:
    operations: tuple[str, ...]  # any of these is right
    kind: str
    middle: Callable = plainly
    end: Callable = squared


KINDS = {
    "log 0": Kind(("log",), "forward", lambda h, b: zero_if(b, h).log()),
    "root of 0, backward": Kind(("sqrt",), "backward", lambda h, b: zero_if(b, h).sqrt()),
    "0 / 0": Kind(("div",), "forward", lambda h, b: zero_if(b, h) / zero_if(b, h)),
    "exp overflows": Kind(("exp",), "forward", lambda h, b: (h * (1e4 if b else 1)).abs().exp()),
    # torch's own norm has slope 0 there; one that is written out has not.
    "norm of a zero vector": Kind(
        ("sqrt",),
        "backward",
        lambda h, b: h + (h * (0.0 if b else 1.0)).square().sum(-1, keepdim=True).sqrt(),
    ),
    "acos(1)": Kind(("acos",), "backward", acos),
    "power below 1": Kind(("pow",), "backward", lambda h, b: zero_if(b, h) ** 0.5),
    "a row masked whole": Kind(("softmax",), "forward", masked),
    "fp16 overflows": Kind(("mul",), "forward", half),
    "infinity less infinity": Kind(("sub", "add"), "forward", difference_of_infinities),
    "variance of one value": Kind(("var",), "forward", over_one_value),
    "weights blown up": Kind(
        ("addmm", "square", "pow", "mm"),
        "forward",
        end=lambda y, b: (y * (1e30 if b else 1)).square().mean(),
    ),
}


def train(kind: Kind, at: int | None) -> stetho.Result:
    torch.manual_seed(0)
    net = Net(kind.middle, kind.end)
    optimizer = torch.optim.SGD(net.parameters(), 1e-3)
    generator = torch.Generator().manual_seed(1)
    with stetho.watch(net, optimizer) as watched:
        for step in range((at or 0) + STEPS):
            x = torch.randn(16, 6, generator=generator)
            loss = net(x, at is not None and step >= at)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return watched.result


@pytest.mark.parametrize("at", [0, LATE])
@pytest.mark.parametrize("name", KINDS)
def test_the_operation_and_its_layers_are_named(name, at):
    kind = KINDS[name]
    origin = train(kind, at).run.origin
    assert origin is not None
    assert (origin.step, origin.kind) == (at, kind.kind)
    assert origin.operation in kind.operations
    if kind.middle is not plainly:
        assert origin.before == ("first",)
        assert origin.after == ("second",)
    else:
        assert "second" in origin.before


@pytest.mark.parametrize("name", KINDS)
def test_a_healthy_twin_has_no_origin(name):
    result = train(KINDS[name], None)
    assert result.run.origin is None
    assert not [f for f in result.diagnosis.findings if f.rule == "non-finite"]


def test_the_finding_names_operation_layers_and_remedy():
    result = train(KINDS["root of 0, backward"], 12)
    (finding,) = [f for f in result.diagnosis.findings if f.rule == "non-finite"]
    assert "backward pass of the operation sqrt (after first, before second)" in finding.message
    assert finding.first_step == 12
    assert finding.cause == {"operation": 1.0}
    assert "under the root" in finding.remedies[0].do


def test_data_that_is_not_finite_is_named():
    net = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with stetho.watch(net, optimizer) as watched:
        for step in range(4):
            x = torch.full((5, 3), torch.nan if step == 2 else 1.0)
            optimizer.zero_grad()
            net(x).mean().backward()
            optimizer.step()
    assert (watched.result.run.origin.kind, watched.result.run.origin.step) == ("input", 2)


def test_overflows_that_a_gradient_scaler_handles_are_no_finding():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**126)
    with stetho.watch(net, optimizer) as watched:
        for _ in range(30):
            optimizer.zero_grad()
            scaler.scale(net(torch.randn(16, 6)).square().mean()).backward()
            scaler.step(optimizer)
            scaler.update()
    assert watched.result.run.origin is None

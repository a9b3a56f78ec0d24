"""Must show 7: a fault in any part of our own code leaves training finished and is told once."""

from __future__ import annotations

import importlib
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.summarise import recorder

# One place in each part of the code that runs while a script trains.
PARTS = [
    "stetho.observe.capture:Capture.open",
    "stetho.activations:for_call",
    "stetho.observe.capture:Capture._enter",
    "stetho.observe.capture:Capture.matching_target",
    "stetho.observe.composite:CompositeReader._judge",
    "stetho.observe.composite:CompositeReader._function",
    "stetho.observe.network:NetworkReader._describe",
    "stetho.observe.network:NetworkReader._describe_norm",
    "stetho.observe.observer:Observer._describe",
    "stetho.observe.observer:Observer._states",
    "stetho.observe.observer:Observer._end_step",
    "stetho.observe.origin:nearest_marks",
    "stetho.observe.schedule:Schedule.wants",
    "stetho.observe.schedule:Schedule.plain_step",
    "stetho.observe.sites:SiteReader._applied",
    "stetho.observe.sites:SiteReader.record",
    "stetho.observe.sites:SiteReader._shift",
    "stetho.observe.structure:Structure.learn_parameter",
    "stetho.observe.tracker:Names.of_module",
    "stetho.observe.warned:_calling_from",
    "stetho.summarise.gradients:summarise_gradient",
    "stetho.summarise.layers:summarise_layer",
    "stetho.summarise.steps:samples",
    "stetho.summarise.recorder:PendingSite.gradients",
    "stetho.summarise.recorder:Recorder.begin_probe",
    "stetho.summarise.recorder:Recorder.before_update",
    "stetho.summarise.recorder:Recorder.after_update",
    "stetho.summarise.recorder:Recorder.end_probe",
    "stetho.summarise.recorder:Recorder.loss",
    "stetho.summarise.recorder:Recorder.site",
    "stetho.summarise.recorder:Recorder.structure",
    "stetho.summarise.recorder:Recorder.target",
    "stetho.summarise.units:site_rows",
    "stetho.store.writer:RunWriter.add_losses",
    "stetho.store.writer:RunWriter.add_probe",
    "stetho.store.writer:RunWriter.add_sites",
]


class Own(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


def train():
    torch.manual_seed(0)
    x, y = torch.randn(64, 8), torch.randint(0, 3, (64,))
    net = nn.Sequential(
        nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16), Own(), nn.Dropout(0.5)
    )
    net.append(nn.Linear(16, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def steps():
        for _ in range(6):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

    return net, optimizer, steps


def expected():
    net, _, steps = train()
    steps()
    return net.state_dict()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("at_call", [1, 3])
def test_training_finishes_and_the_fault_is_told_once(part, at_call, monkeypatch):
    monkeypatch.delenv("STETHO_STRICT", raising=False)
    module_name, _, path = part.partition(":")
    owner = importlib.import_module(module_name)
    *inner, name = path.split(".")
    for step in inner:
        owner = getattr(owner, step)
    original, calls = getattr(owner, name), []

    def faulty(*args, **kwargs):
        calls.append(1)
        if len(calls) >= at_call:
            raise ZeroDivisionError("a fault of ours")
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, faulty)
    ours = [module for known, module in sys.modules.items() if known.startswith("stetho.")]
    for caller in ours:  # some took the function by its name
        if vars(caller).get(name) is original:
            monkeypatch.setattr(caller, name, faulty)

    net, optimizer, steps = train()
    with stetho.watch(net, optimizer, every=3) as seen:
        steps()
    if len(calls) < at_call:
        assert at_call > 1, "this part is never called"
        return
    for mine, theirs in zip(net.state_dict().values(), expected().values(), strict=True):
        assert torch.equal(mine, theirs)
    faults = seen.result.run.faults
    assert len(faults) == 1
    assert "a fault of ours" in faults[0]
    assert seen.result.text().count("ZeroDivisionError: a fault of ours") == 1


def test_with_strict_it_is_raised(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")

    def faulty(*args, **kwargs):
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(recorder.Recorder, "site", faulty)
    net, optimizer, steps = train()
    with pytest.raises(ZeroDivisionError), stetho.watch(net, optimizer):
        steps()

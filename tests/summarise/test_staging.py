"""Tensors on a device: as on the CPU, by few tasks, and without a wait before the probe's end.

This machine has none, so the CPU plays one: what decides where a tensor lies says "elsewhere".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import stetho
from stetho import activations
from stetho.events import LayerCall, ParameterState, SiteCall
from stetho.summarise import agreement, around_steps, recorder, staging
from stetho.summarise.recorder import Recorder
from stetho.summarise.staging import Staging

RELU = activations.get("relu").facts
WITHOUT_WORK = {
    *("view", "_unsafe_view", "detach", "slice", "select", "unsqueeze", "permute", "transpose"),
    *("t", "expand", "alias", "empty", "empty_strided", "split_with_sizes", "unbind", "squeeze"),
    *("chunk", "split", "as_strided"),
}
WAITS = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "bincount"}


@pytest.fixture
def device(monkeypatch):
    """Every tensor lies elsewhere until it has been brought."""
    brought = staging._brought
    near: set[int] = set()
    kept = []  # so that no address is used twice

    def lies_elsewhere(tensor):
        return tensor.untyped_storage().data_ptr() not in near

    def bring(samples):
        parts = [part.clone() for part in brought(samples)]
        kept.extend(parts)
        near.update(part.untyped_storage().data_ptr() for part in parts)
        return parts

    monkeypatch.setattr(staging, "_brought", bring)
    for user in (staging, recorder, around_steps, agreement):
        monkeypatch.setattr(user, "elsewhere", lies_elsewhere)
    return near


class Tasks(TorchDispatchMode):
    """Counts what a device would have been given to do."""

    def __init__(self):
        super().__init__()
        self.names: Counter[str] = Counter()
        self.sizes: list[int] = []  # of what came of each
        self.wide = 0  # float64 tensors of more than a unit's worth of numbers

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name not in WITHOUT_WORK:
            self.names[name] += 1
            several = result if isinstance(result, (list, tuple)) else [result]
            for one in several:
                if isinstance(one, torch.Tensor):
                    self.sizes.append(one.numel())
                    self.wide += one.dtype == torch.float64 and one.numel() > 1024
        return result


class Kept:
    """A writer that keeps the probes."""

    def __init__(self):
        self.probes = []

    def add_probe(self, probe):
        self.probes.append(replace(probe, time=0.0))

    def __getattr__(self, name):
        return lambda *args: None


def conv_net():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 256, 10),
    )


NETS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(20, 300), nn.Tanh(), nn.Linear(300, 10)), (96, 20)),
    "conv": (conv_net, (24, 3, 16, 16)),
    "gated": (lambda: nn.Sequential(nn.Linear(20, 64), nn.GLU(), nn.Linear(32, 10)), (64, 20)),
    "sequence": (lambda: Last(nn.LSTM(12, 16, batch_first=True), nn.Linear(16, 10)), (16, 9, 12)),
}


class Last(nn.Module):
    def __init__(self, cells, head):
        super().__init__()
        self.cells, self.head = cells, head

    def forward(self, x):
        return self.head(torch.relu(self.cells(x)[0][:, -1]))


def probes_of(name, steps=4):
    torch.manual_seed(0)
    make, shape = NETS[name]
    net = make()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    with stetho.watch(net, optimizer, every=1) as watched:
        for _ in range(steps):
            loss = nn.functional.cross_entropy(
                net(torch.randn(shape)), torch.randint(10, shape[:1])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return watched.result.run


def close(one, other):
    """Equal but for the order of sums in single precision."""
    if isinstance(one, float):
        return one == pytest.approx(other, rel=2e-5, abs=1e-9, nan_ok=True)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(close, one, other))
    return one == other


@pytest.mark.parametrize("name", NETS)
def test_a_device_gives_the_statistics_of_the_cpu(name, request):
    here = probes_of(name)
    request.getfixturevalue("device")
    there = probes_of(name)
    assert there.faults == here.faults == ()
    assert [site.name for site in there.sites] == [site.name for site in here.sites]
    assert len(there.probes) == len(here.probes)
    for one, other in zip(here.probes, there.probes, strict=True):
        for table in ("sites", "layers", "parameters"):
            ours, theirs = getattr(one, table), getattr(other, table)
            assert list(ours) == list(theirs)
            for key, stats in ours.items():
                for field in fields(stats):
                    pair = getattr(stats, field.name), getattr(theirs[key], field.name)
                    assert close(*pair), (table, key, field.name, pair)
        assert close(one.baseline, other.baseline)


def site_call(z):
    return SiteCall(
        name="hidden",
        function=RELU,
        z=z,
        a=torch.relu(z),
        from_conv=z.ndim > 2,
        shift=torch.zeros(z.shape[1]),
    )


@pytest.mark.parametrize("shape", [(128, 256), (64, 64, 32, 32)])
def test_a_site_gives_the_device_few_tasks_and_never_waits(shape, device):
    seen = Recorder(Kept())
    seen.begin_probe(0)
    call, gradient = site_call(torch.randn(shape)), torch.randn(shape)
    seen.site(call)  # learns where the rows lie
    with Tasks() as tasks:
        waiting = seen.site(call)
        waiting.gradients(gradient, [gradient], None)
    # z, a, features of its samples, the bias; two gradients. z and a once more where no step leads
    # from row to row
    assert sum(tasks.names.values()) <= (6 if len(shape) == 2 else 8), tasks.names
    assert max(tasks.sizes) <= 2 * 2**14
    assert not WAITS & set(tasks.names)
    assert tasks.wide == 0


def test_a_layer_takes_one_task_and_a_parameter_three(device):
    seen = Recorder(Kept())
    seen.begin_probe(0)
    weight, gradient = torch.randn(300, 200), torch.randn(300, 200)
    layer = SimpleNamespace(name="layer", kind="linear", reads_data=False)
    with Tasks() as tasks:
        seen.layer(LayerCall(layer, torch.randn(128, 200)))
    assert sum(tasks.names.values()) - tasks.names["randn"] == 1, tasks.names
    states = [ParameterState("w", weight, gradient)]
    with Tasks() as tasks:
        seen.before_backward([ParameterState("w", weight, None)])
        seen.before_update(states)
        seen.after_update([ParameterState("w", weight, None)])
    assert sum(tasks.names.values()) == 3, tasks.names
    assert tasks.wide == 0
    assert not WAITS & set(tasks.names)


def test_samples_are_what_they_were_when_they_were_taken():
    there, seen = Staging(), []
    x = torch.ones(4)
    there.take([x, None], lambda *samples: seen.extend(samples))
    x.zero_()
    assert seen == []
    there.bring()
    assert seen[0].tolist() == [1.0] * 4
    assert seen[1] is None


def test_samples_come_in_their_order_and_shapes():
    there, order = Staging(), []
    given = [torch.randn(3, 2), torch.arange(4), torch.randn(()), torch.zeros(0, 5)]
    for place, one in enumerate(given):
        there.take([one], lambda sample, place=place: order.append((place, sample)))
    there.bring()
    assert [place for place, _ in order] == [0, 1, 2, 3]
    assert all(torch.equal(got, one) for (_, got), one in zip(order, given, strict=True))


def test_what_waits_is_bounded(monkeypatch):
    monkeypatch.setattr(staging, "MOST", 1000)
    there, seen = Staging(), []
    for _ in range(10):
        there.take([torch.zeros(100)], seen.append)  # 400 bytes each
    assert len(seen) == 9  # three at a time


def test_a_probe_that_was_given_up_leaves_nothing():
    there, seen = Staging(), []
    there.take([torch.zeros(3)], seen.append)
    there.forget()
    there.bring()
    assert seen == []

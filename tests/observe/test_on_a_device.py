"""A network on an accelerator, where there is one: seen as on the CPU, and no step waits for it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho

CUDA = pytest.param(
    "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
)
MPS = pytest.param(
    "mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no MPS device")
)


def watched(device):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5)
    )
    x, y = torch.randn(128, 20), torch.randint(5, (128,))
    net, x, y = net.to(device), x.to(device), y.to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with stetho.watch(net, optimizer, every=1) as seen:
        for _ in range(5):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
    return seen.result.run


@pytest.mark.parametrize("device", [CUDA, MPS])
def test_it_is_seen_as_on_the_cpu(device):
    there, here = watched(device), watched("cpu")
    assert there.faults == ()
    assert [site.name for site in there.sites] == [site.name for site in here.sites]
    for one, other in zip(here.probes, there.probes, strict=True):
        for name, stats in one.sites.items():
            for field in ("z_mean", "z_std", "a_mean", "a_cosine", "up_rms", "down_rms", "samples"):
                expected = pytest.approx(getattr(stats, field), rel=1e-3, abs=1e-6)
                assert getattr(other.sites[name], field) == expected, (name, field)
        for name, values in one.parameters.items():
            assert other.parameters[name].rms == pytest.approx(values.rms, rel=1e-4)
            assert other.parameters[name].update_rms == pytest.approx(values.update_rms, rel=1e-2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_step_does_not_wait_for_the_device():
    """Forward, backward and update of a probed step; only the probe's end may wait."""
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5)).cuda()
    x, y = torch.randn(128, 20, device="cuda"), torch.randint(5, (128,), device="cuda")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with stetho.watch(net, optimizer, every=1) as seen:
        for step in range(6):
            torch.cuda.set_sync_debug_mode("error" if step > 2 else "default")
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            torch.cuda.set_sync_debug_mode("default")
            optimizer.step()
    assert seen.result.run.faults == ()

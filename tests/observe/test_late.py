"""Numbers on a device are judged some steps late, as they would have been at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from stetho.observe import late
from stetho.observe.late import LAG, LateNumbers


@pytest.fixture
def cuda(monkeypatch):
    """The CPU plays a device: a number is copied now and read later."""
    monkeypatch.setattr(late, "on_cuda", lambda tensor: True)
    monkeypatch.setattr(late, "reader_of", lambda value: value.clone().item)


def train(observed, *, bad, every=1000):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with observed(every=every) as sink:
        for step in range(80):
            x = torch.randn(32, 8)
            y = x[:, :1] * (100.0 if step == bad else 1.0)
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()
    return sink


def test_a_jump_is_told_of_its_own_step(observed, cuda, monkeypatch):
    there = train(observed, bad=50)
    monkeypatch.undo()
    here = train(observed, bad=50)
    assert [spike.step for spike in here.spikes] == [50]
    same = [replace(spike, inputs={}, weights={}, gradients={}) for spike in here.spikes]
    assert there.spikes[:1] == same


def test_the_steps_after_it_is_known_are_probed(observed, cuda):
    sink = train(observed, bad=50, every=None)
    assert 50 + LAG + 1 in sink.probes


def test_nothing_is_told_where_nothing_jumps(observed, cuda):
    assert train(observed, bad=None).spikes == []


def test_a_number_is_what_it_was_when_it_was_asked_for(cuda):
    numbers, seen, value = LateNumbers(), [], torch.tensor(1.0)
    numbers.ask(value, 0, seen.append)
    value.fill_(7.0)
    numbers.come(LAG - 1)
    assert seen == []
    numbers.come(LAG)
    assert seen == [1.0]

"""The gradient along a sequence: a plain RNN loses it, an LSTM with an open gate keeps it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho

STEPS, LENGTH = 60, 50


class Last(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


def watched(layer):
    """Four classes that the first step alone tells; noise follows."""
    model = Last(layer)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    with stetho.watch(model, optimizer, every=10) as seen:
        for _ in range(STEPS):
            y = torch.randint(0, 4, (32,))
            x = 0.5 * torch.randn(32, LENGTH, 8)
            x[:, 0, :4] += 3 * F.one_hot(y, 4)
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return seen.result


def kept(result, probe=-1):
    """Gradient at the first steps against the last, in a probe."""
    stats = result.run.probes[probe].layers["layer"]
    return stats.time_early / stats.time_late


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


def test_a_plain_rnn_is_told_with_its_layer_and_cause():
    result = watched(nn.RNN(8, 32, batch_first=True))
    first = result.diagnosis.findings[0]
    assert (first.rule, first.sites) == ("vanishing-through-time", ("layer",))
    assert first.severity > stetho.Severity.NOTE
    assert first.cause["weights"] > 0.5  # recurrent weights begin at a gain of 1/√3
    assert kept(result, probe=0) < 1e-9
    assert kept(result) < 1e-3


def test_an_lstm_with_an_open_gate_keeps_more_and_is_not_told():
    plain = watched(nn.RNN(8, 32, batch_first=True))
    layer = nn.LSTM(8, 32, batch_first=True)
    with torch.no_grad():
        layer.bias_ih_l0[32:64] += 3  # the forget gate
    lstm = watched(layer)
    assert kept(lstm) > 1e4 * kept(plain)
    rules = [finding.rule for finding in lstm.diagnosis.findings]
    assert "vanishing-through-time" not in rules

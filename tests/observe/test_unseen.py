"""Each reason for not watching something is given by a real training, and no reason is idle."""

from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stetho.observe.unseen import Unseen

X, Y = torch.randn(16, 8), torch.arange(16) % 4
IN_RANKS = {  # by tests that start processes
    Unseen.SHARDED: "coverage/test_ranks.py",
    Unseen.FLAT: "coverage/test_ranks.py",
}


class Between(nn.Module):
    """A linear layer, something, a linear layer."""

    def __init__(self, middle):
        super().__init__()
        self.first, self.head = nn.Linear(8, 8), nn.Linear(8, 4)
        self.middle = middle

    def forward(self, x):
        return self.head(self.middle(self.first(x)))


class Module(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, z):
        return self.function(z)


def long_way(z):
    for _ in range(300):
        z = torch.tanh(z) * 1.01
    return z


def part_in_place(z):
    z[:, :4].relu_()
    return z


def frozen_before():
    net = Between(nn.ReLU())
    net.first.requires_grad_(False)
    return net


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTM(8, 8, batch_first=True), nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.cell(x[:, None])[0][:, -1])


class FrozenAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.attention.eval().requires_grad_(False)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.attention(x[:, None])[:, 0])


class Batched(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.head(torch.vmap(lambda row: F.relu(self.first(row)))(x))


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        rows = torch.nested.nested_tensor([x[:3], x[3:]], layout=torch.jagged)
        return self.head(torch.relu(self.first(rows))).values()


NETWORKS = {
    Unseen.PART_IN_PLACE: lambda: Between(part_in_place),
    Unseen.FROZEN_BEFORE: frozen_before,
    Unseen.TOO_LONG: lambda: Between(Module(long_way)),
    Unseen.CHANGES_INPUT: lambda: Between(Module(lambda z: torch.tanh(z.add_(1.0)) * 1.5)),
    Unseen.MIXES: lambda: Between(Module(lambda z: F.softmax(z, dim=1))),
    Unseen.WRITTEN_OUT: lambda: Between(torch.sin),
    Unseen.GATES: Recurrent,
    Unseen.COMPILED: lambda: torch.compile(Between(nn.ReLU()), backend="eager"),
    Unseen.SCRIPTED: lambda: Between(torch.jit.script(nn.ReLU())),
    Unseen.BATCHED: Batched,
    Unseen.NESTED: Nested,
    Unseen.FAST_PATH: FrozenAttention,
}


def as_pattern(reason):
    return re.compile(re.sub(r"\\{\w+\\}", "(.+)", re.escape(reason.value)))


@pytest.mark.parametrize("reason", Unseen, ids=lambda reason: reason.name)
def test_each_reason_is_given_by_a_training_and_with_a_name(observed, reason):
    if reason in IN_RANKS:
        pytest.skip(f"shown in {IN_RANKS[reason]}")
    net = NETWORKS[reason]()
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    with observed() as sink:
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(net(X), Y).backward()
            optimizer.step()
    said = [as_pattern(reason).fullmatch(sentence) for sentence in sink.unseen_sentences]
    found = [match for match in said if match]
    assert found, sink.unseen_sentences
    assert all(text.strip() for match in found for text in match.groups())


def test_a_usual_network_has_nothing_unseen(observed):
    net = Between(nn.ReLU())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with observed() as sink:
        for _ in range(2):
            F.cross_entropy(net(X), Y).backward()
            optimizer.step()
    assert sink.unseen_sentences == []


def test_no_sentence_is_said_but_these(observed):
    from pathlib import Path

    import stetho.observe as room

    for file in Path(room.__file__).parent.glob("*.py"):
        calls = re.findall(r"\.unseen\((.*)", file.read_text())
        assert all(call.startswith(("Unseen.", "reason")) for call in calls), file.name

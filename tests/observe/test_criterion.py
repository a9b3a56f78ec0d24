"""What a loss function's input came from, and whether shapes agree."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from stetho.observe.criterion import criterion_of

X = torch.randn(6, 4)
CLASS = torch.tensor([0, 1, 2, 0, 1, 2])
HALF = torch.rand(6, 1)


def net(outputs=3):
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, outputs))


ENDS = {
    "plain": (lambda z: z, "", -math.inf, math.inf),
    "softmax": (lambda z: torch.softmax(z, 1), "softmax", 0.0, 1.0),
    "softmax, by hand reshaped": (lambda z: F.softmax(z, -1).view(6, 3), "softmax", 0.0, 1.0),
    "log_softmax": (lambda z: F.log_softmax(z, 1), "log_softmax", -math.inf, 0.0),
    "sigmoid": (lambda z: z.sigmoid(), "sigmoid", 0.0, 1.0),
    "tanh": (torch.tanh, "tanh", -1.0, 1.0),
    "relu": (F.relu, "relu", 0.0, math.inf),
    "relu, then a factor": (lambda z: 2 * F.relu(z), "", -math.inf, math.inf),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_function_before_the_loss(name):
    end, behind, lower, upper = ENDS[name]
    got = criterion_of(F.cross_entropy, end(net()(X)), CLASS, classes=3)
    assert (got.behind, got.lower, got.upper) == (behind, lower, upper)
    assert (got.function, got.classes, got.broadcast) == ("cross_entropy", 3, False)


def test_shapes_that_are_spread_over_each_other():
    output = net(1)(X)
    assert criterion_of(F.mse_loss, output, HALF[:, 0]).broadcast
    assert not criterion_of(F.mse_loss, output, HALF).broadcast


def test_it_comes_with_the_target_of_a_watched_step(observed):
    model = net()
    with observed() as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        nn.CrossEntropyLoss()(torch.softmax(model(X), 1), CLASS).backward()
        optimizer.step()
    assert [call.criterion.behind for call in sink.targets] == ["softmax"]


@pytest.mark.parametrize(
    ("scaled", "scale"),
    [(lambda v: v / 4, 0.25), (lambda v: 0.5 * v, 0.5), (lambda v: v * torch.tensor(3.0), 3.0)],
)
def test_a_loss_times_a_number_is_still_known(scaled, scale, observed):
    model = net()
    with observed() as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scaled(F.cross_entropy(model(X), CLASS)).backward()
        optimizer.step()
    assert [call.scale for call in sink.targets] == [pytest.approx(scale)]


def test_a_loss_times_what_is_learned_is_not(observed):
    model, learned = net(), nn.Parameter(torch.tensor(2.0))
    with observed() as sink:
        optimizer = torch.optim.SGD([*model.parameters(), learned], lr=0.1)
        (F.cross_entropy(model(X), CLASS) * learned).backward()
        optimizer.step()
    assert sink.targets == []


WEIGHTS = {
    "classes": (lambda y: F.cross_entropy(y, CLASS, weight=torch.ones(3)), ""),
    "classes, by place": (lambda y: F.cross_entropy(y, CLASS, torch.ones(3)), ""),
    "positives": (
        lambda y: F.binary_cross_entropy_with_logits(
            y[:, :1], HALF.round(), pos_weight=torch.ones(1)
        ),
        "",
    ),
    "none": (lambda y: F.cross_entropy(y, CLASS), "cross_entropy"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_best_constant_of_a_weighted_loss_is_not_known(observed, name):
    loss, kind = WEIGHTS[name]
    model = net()
    with observed() as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss(model(X)).backward()
        optimizer.step()
    assert [call.kind for call in sink.targets] == [kind]

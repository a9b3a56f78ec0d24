"""Trainings that fail for other reasons than their activations, and one that fails for these."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

import stetho

SAYING = "This is not an activation problem: it is "


def digits():
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images / 16 - 0.3, dtype=torch.float32), torch.tensor(labels)


def network(function=nn.ReLU, depth=3):
    sizes = [64] + [64] * depth
    layers = [part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), function())]
    return nn.Sequential(*layers, nn.Linear(64, 10))


def train(model, optimizer, end=lambda z: z, shuffled=False, steps=200):
    x, y = digits()
    if shuffled:
        y = y[torch.randperm(len(y))]
    with stetho.watch(model, optimizer, every=10) as watched:
        for _ in range(steps):
            index = torch.randint(0, len(x), (32,))
            optimizer.zero_grad()
            F.cross_entropy(end(model(x[index])), y[index]).backward()
            optimizer.step()
    return watched.result.diagnosis


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


def sgd(model, lr=0.1, **settings):
    return torch.optim.SGD(model.parameters(), lr=lr, **settings)


def test_random_labels():
    model = network()
    verdict = train(model, sgd(model), shuffled=True).verdict
    assert f"{SAYING}the labels" in verdict


def test_a_learning_rate_of_next_to_nothing():
    model = network()
    assert f"{SAYING}the learning rate" in train(model, sgd(model, lr=1e-7)).verdict


def test_weights_that_decay_away():
    model = network()
    assert f"{SAYING}the weight decay" in train(model, sgd(model, weight_decay=0.5)).verdict


def test_softmax_twice():
    model = network()
    diagnosis = train(model, sgd(model, lr=0.01), end=lambda z: F.softmax(z, 1))
    assert f"{SAYING}the output layer and its loss" in diagnosis.verdict
    assert diagnosis.findings[0].rule == "misfit-loss"


def test_weights_that_no_optimizer_has():
    model = network()
    optimizer = torch.optim.SGD([model[-1].bias], lr=0.1)
    assert f"{SAYING}weights that no optimizer trains" in train(model, optimizer).verdict


def test_a_deep_sigmoid_stack_is_an_activation_problem():
    model = network(nn.Sigmoid, depth=10)
    diagnosis = train(model, sgd(model))
    assert diagnosis.findings[0].rule == "vanishing-gradient"
    assert SAYING not in diagnosis.verdict

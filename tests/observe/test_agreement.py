"""What the layer before the loss gets, and the gradient of what it gives: those of autograd."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

CLASS = torch.tensor([0, 1, 2, 0, 1, 2])
WORDS = torch.tensor([[0, 1, 2, 1], [2, 2, 1, 0]])

# How scripts get from the last layer to the loss.
ENDS = {
    "logits": lambda y: F.cross_entropy(y, CLASS),
    "log_softmax": lambda y: F.nll_loss(F.log_softmax(y, 1), CLASS),
    "a module": lambda y: nn.CrossEntropyLoss()(y, CLASS),
    "double": lambda y: F.cross_entropy(y.double(), CLASS),
    "sigmoid": lambda y: F.binary_cross_entropy(y.sigmoid(), F.one_hot(CLASS, 3).float()),
}
POSITIONS = {
    "flattened": lambda y: F.cross_entropy(y.flatten(0, 1), WORDS.flatten()),
    "shifted": lambda y: F.cross_entropy(y[:, :-1].reshape(-1, 3), WORDS[:, 1:].reshape(-1)),
    "classes second": lambda y: F.cross_entropy(y.transpose(1, 2), WORDS),
}


def net():
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


def step(model, x, end, observed):
    with observed(models=[model]) as sink:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        end(model(x)).backward()
        optimizer.step()
    return sink.agreements


@pytest.mark.parametrize("name", [*ENDS, *POSITIONS])
def test_input_and_gradient_of_the_layer_before_the_loss(name, observed):
    model = net()
    end = ENDS.get(name) or POSITIONS[name]
    x = torch.randn(6, 4) if name in ENDS else torch.randn(2, 4, 4)
    features = model[1](model[0](x))
    output = model[2](features)
    output.retain_grad()
    end(output).backward()
    model.zero_grad()

    ((layer, seen, gradient),) = step(model, x, end, observed)
    assert layer == "2"
    assert torch.equal(seen, features)
    assert torch.allclose(gradient, output.grad)


def test_a_layer_whose_output_goes_through_something_else_first(observed):
    assert step(net(), torch.randn(6, 4), lambda y: F.cross_entropy(2 * y, CLASS), observed) == []


def test_a_model_without_a_linear_layer_at_its_end(observed):
    model = nn.Sequential(nn.Conv1d(4, 3, 1), nn.Flatten())
    x = torch.randn(6, 4, 1)
    assert step(model, x, lambda y: F.cross_entropy(y, CLASS), observed) == []

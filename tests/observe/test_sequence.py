"""Gradients along a sequence, as the recurrent layer's own input and output have them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

KINDS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
Y = torch.tensor([0, 1, 2, 0])


class Last(nn.Module):
    """The last output of a recurrent layer, or its last hidden state."""

    def __init__(self, kind, by_state=False, **settings):
        super().__init__()
        self.layer = KINDS[kind](5, 6, batch_first=True, **settings)
        width = 6 * (2 if settings.get("bidirectional") else 1)
        self.head = nn.Linear(width, 3)
        self.by_state = by_state

    def forward(self, x):
        output, state = self.layer(x)
        if self.by_state:
            return self.head(state[-1] if torch.is_tensor(state) else state[0][-1])
        return self.head(output[:, -1])


def train(model, x, steps=2):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), Y).backward()
        optimizer.step()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("needs", [False, True], ids=["data", "features"])
def test_gradients_of_input_and_output_are_those_of_autograd(kind, needs, observed):
    model, x = Last(kind), torch.randn(4, 12, 5, requires_grad=needs)
    # The oracle: plain autograd, with an input that asks for its gradient.
    free = x.detach().clone().requires_grad_()
    output, _ = model.layer(free)
    output.retain_grad()
    F.cross_entropy(model.head(output[:, -1]), Y).backward()
    model.zero_grad()

    with observed(models=[model]) as sink:
        train(model, x, steps=1)
    ((name, down, up),) = sink.sequences
    assert name == "layer"
    assert torch.allclose(down, free.grad.transpose(0, 1), rtol=1e-5, atol=1e-9)
    assert torch.allclose(up, output.grad.transpose(0, 1), rtol=1e-5, atol=1e-9)


def test_where_only_the_state_is_used_no_gradient_comes_in_along_the_way(observed):
    model = Last("gru", by_state=True)
    with observed(models=[model]) as sink:
        train(model, torch.randn(4, 12, 5), steps=1)
    ((_, down, up),) = sink.sequences
    assert up is None
    assert down.shape == (12, 4, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_training_is_left_as_it_was(kind, observed):
    x = torch.randn(4, 12, 5)
    weights = []
    for watched in (False, True):
        torch.manual_seed(1)
        model = Last(kind)
        if watched:
            with observed(models=[model]):
                train(model, x, steps=5)
        else:
            train(model, x, steps=5)
        weights.append(model.state_dict())
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]), name
    assert not x.requires_grad
    assert x.grad is None


def test_two_directions_have_no_first_and_last(observed):
    model = Last("lstm", bidirectional=True)
    with observed(models=[model]) as sink:
        train(model, torch.randn(4, 12, 5), steps=1)
    assert (sink.sequences, len(sink.losses)) == ([], 1)


def test_packed_sequences_have_no_axis_of_time(observed):
    layer, head = nn.GRU(5, 6, batch_first=True), nn.Linear(6, 3)
    x = nn.utils.rnn.pack_padded_sequence(torch.randn(4, 12, 5), [12, 9, 7, 3], batch_first=True)
    with observed() as sink:
        optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=0.1)
        F.cross_entropy(head(layer(x)[1][-1]), Y).backward()
        optimizer.step()
    assert (sink.sequences, len(sink.losses)) == ([], 1)


def test_a_frozen_layer_is_not_made_to_ask_for_gradients(observed):
    model = Last("rnn")
    model.layer.requires_grad_(False)
    with observed(models=[model]) as sink:
        optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1)
        output, _ = model.layer(torch.randn(4, 12, 5))
        assert not output.requires_grad
        F.cross_entropy(model.head(output[:, -1]), Y).backward()
        optimizer.step()
    assert sink.sequences == []

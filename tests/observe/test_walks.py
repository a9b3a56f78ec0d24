"""Which calls of a layer have the graph behind it walked."""

from __future__ import annotations

import torch
from torch import nn

from stetho.observe.states import States
from stetho.observe.structure import Structure
from stetho.observe.tracker import Names
from stetho.observe.walks import Walks
from stetho.record import Function, Site


def site(name):
    return Site(name=name, function=Function(name="relu"), index=0)


def test_a_place_is_walked_twice_and_then_now_and_then():
    walks, structure = Walks(), Structure(names=Names())
    node = torch.ones(2, requires_grad=True).relu().grad_fn
    assert [walks.due("a", node, structure) for _ in range(9)] == [
        *(True, True, False, False, False),
        *(False, False, True, False),
    ]


def test_a_network_that_grows_and_another_operation_are_walked():
    walks, structure = Walks(), Structure(names=Names())
    x = torch.ones(2, requires_grad=True)
    for _ in range(3):
        walks.due("a", x.relu().grad_fn, structure)
    assert walks.due("a", x.tanh().grad_fn, structure)
    for _ in range(3):
        walks.due("a", x.relu().grad_fn, structure)
    structure.add_site(site("b"))
    assert walks.due("a", x.relu().grad_fn, structure)


def test_names_of_parameters_follow_what_an_optimizer_has():
    model = nn.Linear(2, 2)
    structure = Structure(names=Names())
    structure.names.learn(model)
    states = States(structure)
    optimizer = torch.optim.SGD([model.weight], lr=0.1)
    assert [one.name for one in states.of(optimizer, 0, gradients=True)] == ["weight"]
    optimizer.add_param_group({"params": [model.bias]})
    assert [one.name for one in states.of(optimizer, 0, gradients=True)] == ["weight", "bias"]
    model.bias.requires_grad_(False)
    states.of(optimizer, 0, gradients=True)
    assert not structure.parameters["bias"].trainable

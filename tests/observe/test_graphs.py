"""Graphs that a script captures, operations that it counts, hooks that it hangs: while probed."""

from __future__ import annotations

import copy
import re
import warnings

import pytest
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.modules import module as module_hooks
from torch.overrides import _get_current_function_mode_stack
from torch.utils.flop_counter import FlopCounterMode

X = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 2))


def unmangled(graph):
    """Without the numbers that count the traces of a process."""
    return re.sub(r"\.___torch_mangle_\d+", "", str(graph))


def traced(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return unmangled(torch.jit.trace(net, X).inlined_graph)


def traced_function(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frozen = copy.deepcopy(net).requires_grad_(False)
        return unmangled(torch.jit.trace(lambda x: torch.relu(frozen(x)).sigmoid(), X).graph)


def exported(net):
    return str(torch.export.export(net, (X,)).graph)


def through_fx(net):
    return make_fx(lambda x: net(x).relu().sum())(X).code


def symbolic(net):
    return torch.fx.symbolic_trace(net).code


def counted(net):
    with FlopCounterMode(display=False) as counter:
        net(X).sum().backward()
    return counter.get_total_flops()


def hooked(net):
    """What hooks of the script are told, and how many there are on torch's own lists."""
    told = []
    handles = [
        net[1].register_forward_hook(lambda *_: told.append("forward")),
        net[1].register_full_backward_hook(lambda *_: told.append("backward")),
        module_hooks.register_module_forward_hook(lambda module, *_: told.append(type(module))),
    ]
    net(X).sum().backward()
    lists = (module_hooks._global_forward_hooks, module_hooks._global_forward_pre_hooks)
    for handle in handles:
        handle.remove()
    return told, [len(hooks) for hooks in lists]


WAYS = (traced, traced_function, exported, through_fx, symbolic, counted, hooked)


def trained(way, steps=3):
    """What each step gives, with `way` at work in its midst; the weights at the end."""
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    given = []
    for _ in range(steps):
        optimizer.zero_grad()
        given.append(way(net))
        net(X).pow(2).mean().backward()
        optimizer.step()
    return given, [p.detach().clone() for p in net.parameters()]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_graph_is_the_one_that_it_would_be(observed, way):
    plain, plain_weights = trained(way)
    with observed() as sink:
        ours, our_weights = trained(way)
    assert ours == plain
    assert all(map(torch.equal, our_weights, plain_weights))
    assert {"1/relu", "3/gelu"} <= set(sink.names())
    assert sink.faults == []
    assert _get_current_function_mode_stack() == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_of_a_model_that_is_not_trained_as_well(observed, way):
    other = network().requires_grad_(way in (counted, hooked))
    with observed() as sink:
        trained(lambda _: way(other))
    assert {"1/relu", "3/gelu"} <= {name for name in sink.names() if ":" not in name}

"""Every class of torch-activation, which knows nothing of us: seen as one site, slopes exact."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn

from sinks import ListSink
from stetho.observe.observer import Observer
from stetho.observe.schedule import Schedule

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    zoo = pytest.importorskip("torch_activation")
NAMES = sorted(zoo.get_all_activations())
UNITS = 16
AS_MADE = {"GRA"}  # no number where its exponent is not a whole one

# Name → why it is not one site, in the words of the report where it says so.
NOT_ONE_SITE = {
    # z and a differ in shape: what is inside counts
    "PairedReLU": "two sites: act/relu and act/relu#1, side by side",
    "CReLU": "one site, act/relu, of z and −z side by side",
    "NCReLU": "two sites: act/relu and act/relu#1, side by side",
    # what is inside counts
    "ABReLU": "one site, act/relu, of z less the mean of all elements",
    "VBAF": "a pooling: the deviation of each sample's units",
    # each output depends on all units
    "tSoftmax": "bends its elements together",
    "Softmax": "bends its elements together",
    "BetaSoftmax": "bends its elements together",
    "SQMAX": "bends its elements together",
    "GPSoftmax": "bends its elements together",
    "GLSoftmax": "bends its elements together",
    # no slope anywhere
    "Binary": "flat: no gradient comes through",
    # the identity for any z in the batch while its exponent is 0
    "SoftExponential": "linear as it begins",
}


class Net(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.first, self.act = nn.Linear(8, UNITS), act
        self.head = nn.LazyLinear(4)

    def forward(self, x):
        return self.head(self.act(self.first(x)))


def build(name):
    """The class with its defaults, its learned numbers moved off what makes some linear."""
    kind = zoo._ACTIVATIONS[name]["class"]
    torch.manual_seed(0)
    try:
        act = kind()
    except TypeError:
        act = kind(UNITS)
    for parameter in act.parameters():
        if name not in AS_MADE | set(NOT_ONE_SITE) and parameter.is_floating_point():
            parameter.data += 0.05 * torch.rand_like(parameter)
    return act


def observe(net, x):
    sink = ListSink()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    observer = Observer(sink, Schedule(every=1), [net], [optimizer])
    observer.start()
    try:
        torch.manual_seed(1)
        net(x).square().mean().backward()
        optimizer.step()
    finally:
        observer.stop()
    return sink


@pytest.mark.parametrize("name", NAMES)
def test_a_function_that_we_do_not_know_is_one_site_with_its_exact_slope(name):
    act = build(name)
    torch.manual_seed(0)
    net, x = Net(act), 1.5 * torch.randn(32, 8)
    net(x)  # shapes the head, and makes what the function makes at its first call
    before = copy.deepcopy(act)  # the step may turn a learned exponent into NaN
    sink = observe(net, x)
    seen = [one for one in sink.seen if not one.discarded]
    if name in NOT_ONE_SITE:
        whole = [one for one in seen if one.name in (f"act/{name}", "act/relu#0")]
        assert whole == [], "it is a site now: take it from the list"
        reason = NOT_ONE_SITE[name]
        if reason.startswith("bends"):
            assert any(reason in sentence for sentence in sink.unseen_sentences)
        return
    assert [one.name for one in seen] == [seen[0].name], [one.name for one in seen]
    (one,) = seen
    assert one.name.startswith("act/")
    torch.manual_seed(1)  # for those that draw their slopes
    z = one.z.clone().requires_grad_(True)
    (expected,) = torch.autograd.grad(before(z), z, one.up)
    torch.testing.assert_close(one.down, expected)


def test_nearly_all_of_them_are_seen():
    assert len(NAMES) > 400
    assert len(NOT_ONE_SITE) < 0.04 * len(NAMES)
    assert set(NOT_ONE_SITE) <= set(NAMES)

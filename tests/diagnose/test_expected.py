"""What remedies expect is what theory computes."""

from __future__ import annotations

import math

import pytest

from stetho import activations
from stetho.diagnose.expected import PER_LAYER
from stetho.theory import moments


@pytest.mark.parametrize("name", PER_LAYER)
def test_factors_per_layer_are_those_of_theory(name):
    got = moments(activations.get(name), 1.0)
    plain, normalised = PER_LAYER[name]
    assert plain == pytest.approx((got.slope / got.second) ** 0.5, abs=2e-6)
    assert normalised == pytest.approx(got.normalised_slope**0.5, abs=2e-6)


def test_what_off_centre_says_of_functions_on_normal_inputs():
    ratios = {}
    for name in ("tanh", "elu", "relu"):
        got = moments(activations.get(name), 1.0)
        ratios[name] = abs(got.mean) / got.second**0.5
    # "a ratio of 0 for tanh and about 0.2 for ELU", and 0.56 for ReLU in the rule's manual
    assert ratios == pytest.approx({"tanh": 0, "elu": 0.2, "relu": 0.564}, abs=2e-3)


def test_what_saturated_says_of_a_normal_pre_activation():
    # "under 5 % of a normal z is then saturated in tanh, almost none in sigmoid"
    share = {}
    for name in ("tanh", "sigmoid"):
        edge = activations.get(name).facts.saturates_above
        share[name] = math.erfc(edge / math.sqrt(2))
    assert 0.02 < share["tanh"] < 0.05
    assert share["sigmoid"] < 1e-4

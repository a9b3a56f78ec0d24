"""What remedies expect is what theory computes."""

from __future__ import annotations

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

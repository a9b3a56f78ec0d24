"""Names with parameters → records, functions of the user's own, and refusals that help."""

from __future__ import annotations

import pytest
import torch

import stetho
from stetho import activations
from stetho.activations.catalogue import drop
from stetho.errors import UnknownActivation, UsageError


@pytest.fixture
def own():
    """Registers, and forgets at the end."""
    names = []

    def register(name, *args, **kwargs):
        names.append(name)
        return stetho.register(name, *args, **kwargs)

    yield register
    for name in names:
        drop(name)


def test_parameters_stand_in_the_name():
    assert (
        activations.get("leaky_relu:0.1").facts
        == activations.get("leaky_relu", negative_slope=0.1).facts
    )
    assert activations.get("elu:alpha=0.5").label == "elu:alpha=0.5"
    assert activations.get("elu").label == "elu"
    assert activations.get(activations.get("hardtanh:-2,2").label).facts.upper == 2


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("swish", UnknownActivation, "did you mean silu"),
        ("ReLu", UnknownActivation, "did you mean relu"),
        ("Gelu_", UnknownActivation, "gelu"),
        ("nothing-like-it", UnknownActivation, "choose from"),
        ("relu:0.1", UsageError, "no parameter, as relu has none"),
        ("elu:beta=1", UsageError, "alpha"),
        ("elu:much", UsageError, "expected a number for alpha"),
        ("celu:0", UsageError, "alpha > 0"),
        ("elu:1,2", UsageError, "value number 2"),
    ],
)
def test_refusals_say_what_was_expected_and_what_came(name, error, says):
    with pytest.raises(error, match=says):
        activations.get(name)


def test_a_function_of_ones_own_has_its_facts_measured(own):
    record = own("squashed", lambda z: torch.atan(z) * 2 / torch.pi)
    facts = record.facts
    assert facts.lower == pytest.approx(-1, abs=1e-3)
    assert facts.upper == pytest.approx(1, abs=1e-3)
    assert facts.zero_centred
    # slope 2/π / (1 + z²) is 5 % of 2/π at z = √19 = 4.3589
    assert facts.saturates_above == pytest.approx(19**0.5, abs=1e-6)
    assert facts.slope_supremum == pytest.approx(2 / torch.pi, rel=1e-6)
    assert facts.flat_below is None
    assert record.kinks == ()
    z = torch.linspace(-2, 2, 9, dtype=torch.float64)
    torch.testing.assert_close(record.slope(z), 2 / torch.pi / (1 + z**2))
    assert activations.get("squashed") is record


def test_a_kink_and_a_flat_side_are_found(own):
    record = own("shifted", lambda z: (z - 0.5).clamp(min=0))
    assert record.kinks == pytest.approx((0.5,), abs=1e-3)
    assert record.facts.flat_below == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "phi", "says"),
    [
        ("relu", torch.relu, "the catalogue's own"),
        ("a:b", torch.relu, "expected a name of letters"),
        ("mixes", lambda z: torch.softmax(z, -1), "elementwise"),
        ("shrinks", lambda z: z.sum(), "shape"),
        ("breaks", lambda z: z.no_such_method(), "AttributeError"),
        ("draws", lambda z: z + torch.rand_like(z), "two answers"),
        ("infinite", lambda z: torch.log(z), "finite"),
    ],
)
def test_what_is_no_activation_function_is_refused(own, name, phi, says):
    with pytest.raises(UsageError, match=says):
        own(name, phi)


def test_a_taken_name_wants_replace(own):
    own("mine", torch.tanh)
    with pytest.raises(UsageError, match="replace=True"):
        own("mine", torch.relu)
    assert own("mine", torch.relu, replace=True).facts.lower == 0


def test_facts_that_are_given_stand(own):
    assert own("given", torch.tanh, lower=-7.0).facts.lower == -7.0
    with pytest.raises(UsageError, match="sub"):
        own("strange", torch.tanh, sub=1)

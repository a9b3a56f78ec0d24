"""Formulas without torch against the catalogue's tensors."""

from __future__ import annotations

import pytest
import torch

from stetho import activations
from stetho.record import Function
from stetho.report.curves import GRID, curves, formulas

CASES = [
    *activations.catalogue(),
    activations.get("leaky_relu:0.2"),
    activations.get("elu:alpha=0.5"),
    activations.get("celu:alpha=2"),
    activations.get("softplus:beta=3"),
    activations.get("hardtanh:min_val=-2,max_val=0.5"),
    activations.get("rrelu:lower=0.1,upper=0.2"),
    activations.get("prelu:weight=0.7"),
]


@pytest.mark.parametrize("record", CASES, ids=lambda record: record.label)
def test_phi_and_slope(record: activations.Activation) -> None:
    pair = formulas(record.facts)
    assert pair is not None, "every function of the catalogue can be drawn"
    inner = record.phi, record.slope
    z = torch.tensor([x for x in GRID if x not in record.kinks], dtype=torch.float64)
    for ours, theirs in zip(pair, inner, strict=True):
        drawn = torch.tensor([ours(float(x)) for x in z], dtype=torch.float64)
        torch.testing.assert_close(drawn, theirs(z), rtol=1e-9, atol=1e-9)


def test_jumps_are_drawn_as_jumps() -> None:
    drawn = curves(activations.get("relu").facts)
    assert drawn is not None
    around = [slope for z, slope in zip(drawn.z, drawn.slope, strict=True) if abs(z) <= 1e-9]
    assert around[0] == 0
    assert around[-1] == 1


def test_a_function_that_is_not_known_has_no_curve() -> None:
    assert curves(Function(name="wave", known=False)) is None
    assert curves(Function(name="relu", known=False)) is None
    assert curves(Function(name="elu", parameters=(("of_a_later_version", 1.0),))) is None

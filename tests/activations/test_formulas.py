"""φ and φ' of every member of the catalogue, against 30-digit formulas and against autograd."""

from __future__ import annotations

import math

import mpmath as mp
import pytest
import torch

from activations.formulas import FORMULAS
from stetho import activations
from stetho.activations import Activation

EVERY = pytest.mark.parametrize("record", activations.catalogue(), ids=lambda record: record.name)

# Specialised ones go through the same checks of φ' against autograd.
SPECIAL = [
    activations.get(name)
    for name in (
        "leaky_relu:0",
        "leaky_relu:-0.5",
        "leaky_relu:1",
        "leaky_relu:30",
        "rrelu_article:0.4",
        "elu:0",
        "elu:0.02",
        "elu:1.7",
        "elu:-0.5",
        "celu:0.5",
        "celu:3",
        "hardtanh:-0.5,2",
        "softplus:2",
        "softplus:1,3",
    )
]
WITH_SPECIAL = pytest.mark.parametrize(
    "record", [*activations.catalogue(), *SPECIAL], ids=lambda record: record.label
)


def values(record: Activation, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """A grid that no kink falls on, then the kinks themselves and places far out."""
    grid = torch.linspace(-9.87, 9.83, 395, dtype=torch.float64)
    extra = [*record.kinks, 0.0, -1e4, 1e4, -50.0, 50.0]
    return torch.cat([grid, torch.tensor(extra, dtype=torch.float64)]).to(dtype)


def by_autograd(record: Activation, z: torch.Tensor) -> torch.Tensor:
    leaf = z.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(record.phi(leaf).sum(), leaf)
    return gradient


def test_the_oracle_knows_every_member() -> None:
    assert sorted(FORMULAS) == sorted(activations.names())


@EVERY
def test_phi_is_its_formula(record: Activation) -> None:
    z = values(record)[::7]
    expected = [float(FORMULAS[record.name](mp.mpf(x))) for x in z.tolist()]
    torch.testing.assert_close(
        record.phi(z), torch.tensor(expected, dtype=torch.float64), rtol=1e-13, atol=1e-15
    )


@EVERY
def test_slope_is_the_derivative_of_the_formula(record: Activation) -> None:
    z = torch.linspace(-9.87, 9.83, 60, dtype=torch.float64)
    formula = FORMULAS[record.name]
    step = mp.mpf(10) ** -9
    # central difference: error ~ step² φ'''/6 < 1e-18, and rounding at 30 digits ~ 1e-20
    expected = [
        float((formula(mp.mpf(x) + step) - formula(mp.mpf(x) - step)) / (2 * step))
        for x in z.tolist()
    ]
    torch.testing.assert_close(
        record.slope(z), torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-15
    )


@WITH_SPECIAL
def test_slope_is_what_autograd_gives_at_kinks_too(record: Activation) -> None:
    z = values(record)
    # torch's hardsigmoid has 1/6 in single precision, whatever the dtype
    rtol = 4e-8 if record.name == "hardsigmoid" else 1e-12
    torch.testing.assert_close(record.slope(z), by_autograd(record, z), rtol=rtol, atol=1e-14)


@WITH_SPECIAL
def test_kinks_are_where_the_slope_jumps_and_nowhere_else(record: Activation) -> None:
    z = torch.arange(-30000, 30001, dtype=torch.float64) / 1000 + 0.0005
    jumps = z[:-1][record.slope(z).diff().abs() > 0.011]  # 0.0085: the steepest φ'' · 1e-3 here
    assert [round(float(jump) + 0.0005, 3) + 0.0 for jump in jumps] == pytest.approx(
        list(record.kinks)
    )


# 0 · inf and inf / inf, in torch's own functions: their limits are 0 and 1, torch says NaN.
NAN_AT_LOW = {"gelu", "gelu_tanh", "silu", "mish", "hardswish", "geglu", "swiglu", "softsign"}
NAN_AT_HIGH = {"softsign"}


@EVERY
def test_infinity_gives_the_limit_or_torchs_own_nan(record: Activation) -> None:
    low, high = record.phi(torch.tensor([-math.inf, math.inf], dtype=torch.float64)).tolist()
    far_low, far_high = record.phi(torch.tensor([-1e6, 1e6], dtype=torch.float64)).tolist()
    if record.name not in NAN_AT_LOW:
        assert low == far_low if math.isfinite(low) else low < 0
    if record.name not in NAN_AT_HIGH:
        assert high == far_high if math.isfinite(high) else high > 0


@EVERY
def test_slope_at_infinity_is_that_far_out(record: Activation) -> None:
    at_infinity = record.slope(torch.tensor([-math.inf, math.inf], dtype=torch.float64))
    far = record.slope(torch.tensor([-1e30, 1e30], dtype=torch.float64))
    if record.name == "squared_relu":  # its slope has no limit
        far = torch.tensor([0.0, math.inf], dtype=torch.float64)
    torch.testing.assert_close(at_infinity, far, rtol=0, atol=1e-50)


@EVERY
def test_nan_goes_through(record: Activation) -> None:
    a = record.phi(torch.tensor([math.nan, 1.0]))
    assert a.isnan().tolist() == [True, False]


@EVERY
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float32, 4e-6), (torch.bfloat16, 0.04), (torch.float16, 5e-3)],
    ids=["float32", "bfloat16", "float16"],
)
def test_dtype_and_shape_stay(record: Activation, dtype: torch.dtype, tolerance: float) -> None:
    z = torch.linspace(-6, 6, 60).reshape(3, 4, 5).to(dtype)
    exact = z.double()
    for function in (record.phi, record.slope):
        got = function(z)
        assert got.dtype == dtype
        assert got.shape == z.shape
        # bfloat16 has 8 bits: 0.004 relative, and sums of a few terms of size 3
        torch.testing.assert_close(got.double(), function(exact), rtol=tolerance, atol=tolerance)


@EVERY
def test_far_values_do_not_overflow_in_half_precision(record: Activation) -> None:
    z = torch.tensor([-6e4, -300.0, 300.0, 6e4], dtype=torch.float16)
    expected = record.slope(z.double()).half()
    assert torch.allclose(record.slope(z), expected, rtol=2e-3, atol=1e-4)


@EVERY
def test_inputs_stay_as_they_were_and_slope_is_a_new_tensor(record: Activation) -> None:
    z = torch.linspace(-3, 3, 7)
    before = z.clone()
    record.phi(z)
    slope = record.slope(z)
    slope.fill_(7.0)
    assert torch.equal(z, before)

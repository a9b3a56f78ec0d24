"""What the catalogue says of each function, held against a dense grid of its values."""

from __future__ import annotations

import math

import pytest
import torch

from stetho import activations
from stetho.activations import Activation

LABELS = (
    *activations.names(),
    *("leaky_relu:0", "leaky_relu:0.2", "leaky_relu:-0.02", "leaky_relu:-3", "leaky_relu:1"),
    *("leaky_relu:30", "prelu:0.03", "rrelu:0.01,0.03", "rrelu_paper:30,40", "rrelu_article:0,0"),
    *("rrelu:0.9,1.1", "elu:0", "elu:0.02", "elu:0.5", "elu:2", "elu:30", "elu:-0.5"),
    *("elu:1.6732632423543772", "celu:0.3", "celu:4", "hardtanh:-2,0.5", "hardtanh:0,6"),
    *("hardtanh:0,inf", "softplus:3", "softplus:0.5", "softplus:1,-4", "softplus:1,2"),
)
EACH = pytest.mark.parametrize("record", [activations.get(label) for label in LABELS], ids=LABELS)
TINY = 1e-7  # beside a threshold, as the grid is too coarse there


def grid() -> torch.Tensor:
    """Every 1e-3 up to ±60, and coarser to ±1e4: where the catalogue's functions do anything."""
    fine = torch.arange(-60_000, 60_001, dtype=torch.float64) / 1000
    far = torch.logspace(math.log10(60), 4, 200, dtype=torch.float64)
    return torch.cat([-far.flip(0), fine, far])


def training_forms(record: Activation) -> list[Activation]:
    """A random function with the extremes of what training may draw; others as they are."""
    given = dict(record.facts.parameters)
    if record.name == "rrelu":
        slopes = [given["lower"], given["upper"]]
    elif record.name == "rrelu_paper":
        slopes = [1 / given["lower"], 1 / given["upper"]]
    elif record.name == "rrelu_article" and given["std"]:
        slopes = [-100.0, 100.0]  # a normal distribution has no end
    else:
        return [record]
    return [activations.get("leaky_relu", negative_slope=slope) for slope in slopes]


@EACH
def test_limits(record: Activation) -> None:
    z = grid()
    for form in training_forms(record):
        a = form.phi(z)
        assert float(a.min()) >= record.facts.lower - 1e-9
        assert float(a.max()) <= record.facts.upper + 1e-9
    lows = [float(form.phi(z).min()) for form in training_forms(record)]
    highs = [float(form.phi(z).max()) for form in training_forms(record)]
    for reached, limit in ((min(lows), record.facts.lower), (max(highs), record.facts.upper)):
        if math.isinf(limit):
            assert abs(reached) > 50  # still growing at ±1e4: 0.01 · 1e4 = 100, 1/30 · 1e4 = 333
        else:
            assert reached == pytest.approx(limit, abs=1.001e-3)  # the grid's step


@EACH
def test_slope_supremum(record: Activation) -> None:
    z = grid()
    d = record.slope(z).abs()
    if math.isinf(record.facts.slope_supremum):
        assert float(d.max()) > 1e4  # 2z at 1e4
        return
    beside = torch.tensor([kink - 1e-12 for kink in record.kinks] or [0.0], dtype=torch.float64)
    reached = max(float(d.max()), float(record.slope(beside).abs().max()))
    assert reached == pytest.approx(record.facts.slope_supremum, rel=1e-6)
    assert reached <= record.facts.slope_supremum * (1 + 1e-12)


def edges_by_eye(record: Activation, limit: float) -> tuple[float | None, float | None]:
    """(below, above) beyond which |φ'| ≤ limit on the whole grid, one grid step too far out."""
    z = grid()
    loud = torch.zeros_like(z, dtype=torch.bool)
    for form in training_forms(record):
        loud |= form.slope(z).abs() > limit
    places = loud.nonzero().flatten()
    low, high = int(places[0]), int(places[-1])
    below = None if low == 0 else float(z[low - 1])
    above = None if high == len(z) - 1 else float(z[high + 1])
    return below, above


def share_of_supremum(record: Activation) -> float:
    supremum = record.facts.slope_supremum
    return 0.05 * supremum if math.isfinite(supremum) else 0.0


@EACH
def test_saturation_begins_where_the_grid_says(record: Activation) -> None:
    limit = share_of_supremum(record)
    below, above = edges_by_eye(record, math.nextafter(limit, 0) if limit else 0.0)
    for mine, seen in (
        (record.facts.saturates_below, below),
        (record.facts.saturates_above, above),
    ):
        assert (mine is None) == (seen is None)
        if mine is not None and seen is not None:
            assert mine == pytest.approx(seen, abs=1.001e-3)


@EACH
def test_saturation_thresholds_are_exact(record: Activation) -> None:
    limit = share_of_supremum(record)
    facts, steps = record.facts, torch.tensor([-TINY, TINY], dtype=torch.float64)
    for edge, quiet in ((facts.saturates_below, 0), (facts.saturates_above, 1)):
        if edge is None:
            continue
        slopes = [form.slope(edge + steps).abs().tolist() for form in training_forms(record)]
        assert max(pair[quiet] for pair in slopes) <= limit
        if math.isfinite(record.facts.slope_supremum):  # 5 % of no bound is no limit
            assert max(pair[1 - quiet] for pair in slopes) >= limit


@EACH
def test_flat_is_exactly_zero_and_only_there(record: Activation) -> None:
    z, facts = grid(), record.facts
    d = torch.stack([form.slope(z).abs() for form in training_forms(record)]).amax(0)
    if facts.flat_below is not None:
        assert not d[z <= facts.flat_below].any()
        assert d[z > facts.flat_below][0] > 0
    elif facts.flat_above is None or facts.flat_above > -30:
        assert d[z >= -30][0] > 0  # φ' of GELU leaves double precision at −38
    if facts.flat_above is not None:
        assert not d[z >= facts.flat_above].any()
        assert d[z < facts.flat_above][-1] > 0
    else:
        assert d[z <= 30][-1] > 0


@EACH
def test_zero_centred_is_e_of_phi(record: Activation) -> None:
    # Midpoints split at 0, ±1, ±3, ±6 (all kinks but softplus' at beta z = threshold): error ~ h²
    z = torch.arange(-12_000, 12_000, dtype=torch.float64) / 1000 + 0.0005
    weight = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) / 1000
    mean = float((record.phi(z) * weight).sum())
    assert record.facts.zero_centred == (abs(mean) < 2e-7)


# From Wolfram-style closed forms or 30-digit solves, by hand:
@pytest.mark.parametrize(
    ("name", "fact", "expected"),
    [
        ("sigmoid", "saturates_above", 4.356544420601749),  # ln((1+√.95)/(1−√.95))
        ("tanh", "saturates_above", 2.178272210300875),  # half of sigmoid's: tanh z = 2σ(2z) − 1
        ("softsign", "saturates_below", -3.4721359549995794),  # 1 − √20
        ("elu", "saturates_below", -2.995732273553991),  # ln .05
        ("softplus", "saturates_below", -2.9444389791664403),  # ln(.05/.95)
        ("gelu", "slope_supremum", 1.1289041451851549),  # Φ(√2) + √2 φ(√2)
        ("gelu", "lower", -0.16997120747990366),
        ("silu", "lower", -0.27846454276107379),  # −W(1/e)
        ("silu", "slope_supremum", 1.0998393201288668),
        ("mish", "lower", -0.30884341301725037),
    ],
)
def test_known_numbers(name: str, fact: str, expected: float) -> None:
    assert getattr(activations.get(name).facts, fact) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu", "mish"])
def test_solved_thresholds_agree_with_thirty_digits(name: str) -> None:
    import mpmath as mp

    from activations.formulas import FORMULAS

    facts = activations.get(name).facts
    limit = mp.mpf(facts.slope_supremum) / 20
    root = mp.findroot(lambda z: mp.diff(FORMULAS[name], z) + limit, facts.saturates_below)
    assert facts.saturates_below == pytest.approx(float(root), abs=1e-9)

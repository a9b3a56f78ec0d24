"""One site's forward half and its gradients, against NumPy; which axis is the unit."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from stetho import activations
from stetho.record import HISTOGRAM_BINS, Function, histogram_edges
from stetho.summarise.gradients import gradient_stats, summarise_gradient
from stetho.summarise.layout import as_rows, thinned, unit_axis
from stetho.summarise.site import ROW, site_stats, summarise_site
from stetho.summarise.units import FIELDS, UnitMemory
from summarise import oracle

RELU = activations.get("relu").facts
SIGMOID = activations.get("sigmoid").facts


# The compiled core sums up to 64 numbers of single precision before it goes on in float64.
CLOSE = 1e-5


def summary_row(summary, facts):
    """The numbers of a site as the recorder gets them."""
    return UnitMemory(function=facts).row(summary, None).tolist()[:ROW]


def stats(z, name="sigmoid", axis=-1, limit=2**20):
    record = activations.get(name)
    summary = summarise_site(z, record.phi(z), record.facts, axis % z.ndim, limit)
    return site_stats(summary_row(summary, record.facts))


def test_elements_against_numpy():
    torch.manual_seed(0)
    z = 3 * torch.randn(50, 40) + 1
    got = stats(z)
    expected = oracle.moments(z.numpy())
    a = torch.sigmoid(z).double().numpy()
    assert got["z_mean"] == pytest.approx(expected["mean"])
    assert got["z_std"] == pytest.approx(expected["variance"] ** 0.5)
    assert got["z_skew"] == pytest.approx(expected["skewness"], rel=1e-5)
    assert got["z_kurtosis"] == pytest.approx(expected["kurtosis"], rel=1e-5)
    assert (got["z_min"], got["z_max"]) == (float(z.min()), float(z.max()))
    assert got["saturated_low"] == pytest.approx((z.numpy() < -4.356544).mean())
    assert got["saturated_high"] == pytest.approx((z.numpy() > 4.356544).mean())
    assert got["a_mean"] == pytest.approx(a.mean())
    assert got["a_std"] == pytest.approx(a.std())
    assert got["a_cosine"] == pytest.approx(oracle.mean_cosine(a), rel=1e-5)
    assert got["count"] == 2000


def test_zeros_of_the_output():
    z = torch.tensor([[-1.0, 0.0, 2.0, 3.0]])
    assert stats(z, "relu")["a_zero"] == 0.5  # -1 and 0 give 0: 2 of 4


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_every_dtype(dtype):
    z = torch.linspace(-3, 3, 600).reshape(20, 30).to(dtype)
    got = stats(z)
    assert got["z_mean"] == pytest.approx(float(z.double().mean()), abs=CLOSE)
    assert got["z_std"] == pytest.approx(float(z.double().std(unbiased=False)), rel=CLOSE)


@pytest.mark.parametrize(
    "shape", [(0, 5), (1, 1), (1,), (), (3, 0), (2, 3, 4, 5), (4, 6, 8), (1, 7)]
)
def test_odd_shapes_have_numbers_or_nan_and_never_an_error(shape):
    z = torch.ones(shape) * 0.5
    got = stats(z) if z.ndim else stats(z.reshape(1))
    if z.numel():
        assert got["z_mean"] == 0.5
        assert got["z_std"] == 0
    else:
        assert math.isnan(got["z_mean"])


def test_not_finite_elements_are_counted_and_left_out():
    z = torch.tensor([[1.0, math.nan, 3.0, math.inf]])
    got = stats(z)
    assert got["z_nonfinite"] == 0.5
    assert got["z_mean"] == 2.0


def test_histogram_bins_hold_what_their_edges_say():
    edges = np.array([-np.inf, *histogram_edges(), np.inf])
    z = torch.randn(400, 10) * torch.logspace(-5, 4, 10)
    summary = summarise_site(z, z, RELU, 1, 2**20)
    expected, _ = np.histogram(z.double().numpy(), bins=edges)
    assert len(expected) == HISTOGRAM_BINS
    # The edges are rounded to single precision there: an element on one may fall either way.
    assert np.abs(summary.histogram.numpy() - expected).sum() <= 2


@pytest.mark.parametrize(
    ("shape", "from_conv", "axis"),
    [
        ((32, 64), None, 1),  # linear
        ((32, 10, 64), None, 2),  # transformer: batch, time, features
        ((32, 10, 64), True, 1),  # conv1d: batch, channels, time
        ((32, 16, 8, 8), True, 1),  # conv2d
        ((32, 16, 8, 8), None, 1),  # four axes of unknown origin: an image
        ((32, 4, 8, 16), False, 3),  # four axes behind a linear layer
        ((64,), None, 0),
    ],
)
def test_which_axis_counts_units(shape, from_conv, axis):
    assert unit_axis(shape, from_conv) == axis


def test_rows_are_samples_and_positions():
    x = torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    rows = as_rows(x, 1)
    assert rows.shape == (2 * 4 * 5, 3)
    assert torch.equal(rows[0], x[0, :, 0, 0])
    assert torch.equal(rows[-1], x[1, :, 3, 4])


def test_a_large_tensor_is_thinned_evenly_and_without_chance():
    x = torch.arange(100_000.0).reshape(100, 1000)
    state = torch.get_rng_state()
    flat = thinned(x, 5000)
    assert 4000 <= len(flat) <= 5000
    assert float(flat.mean()) == pytest.approx(49_999.5, rel=0.01)
    assert torch.equal(torch.get_rng_state(), state)
    columns = flat % 1000
    assert len(columns.unique()) > 900, "all columns come in"
    rows = as_rows(x.reshape(100, 10, 100), 2, 5000)
    assert rows.shape[1] == 100
    assert rows.numel() <= 5100


# -- gradients -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e-42, 1e30])
def test_gradient_of_any_size(scale):
    torch.manual_seed(0)
    g = (torch.randn(40, 30, dtype=torch.float64) * scale).float()
    g[0] = 0
    expected = g.double().numpy()
    numbers = summarise_gradient(g).numbers.tolist()
    rms, bad = gradient_stats(numbers)
    high, zeros = numbers[2], numbers[3] / numbers[0]
    assert rms == pytest.approx(np.sqrt((expected**2).mean()), rel=1e-9, abs=0)
    assert high == np.abs(expected).max()
    assert zeros == (expected == 0).mean()
    assert bad == 0


def test_gradients_merge_and_their_scale_is_divided_out():
    g = torch.randn(12, 10)
    whole = summarise_gradient(g)
    parts = summarise_gradient(g[:5]) + summarise_gradient(g[5:])
    torch.testing.assert_close(parts.numbers, whole.numbers)
    scaled = summarise_gradient(g * 1024, torch.tensor(1024.0))
    torch.testing.assert_close(scaled.numbers, whole.numbers)


def test_gradients_that_are_not_finite():
    g = torch.tensor([3.0, math.nan, 4.0, -math.inf])
    numbers = summarise_gradient(g).numbers.tolist()
    rms, bad = gradient_stats(numbers)
    high = numbers[2]
    assert rms == pytest.approx(math.sqrt((9 + 16) / 2))
    assert (high, bad) == (4.0, 0.5)


# -- merging ---------------------------------------------------------------------------------------


def test_summaries_of_micro_batches_merge_to_that_of_the_batch():
    torch.manual_seed(0)
    z = torch.randn(60, 8)
    whole = summarise_site(z, z.relu(), RELU, 1, 2**20)
    parts = [summarise_site(part, part.relu(), RELU, 1, 2**20) for part in z.split(7)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged + part
    torch.testing.assert_close(merged.row(), whole.row(), rtol=CLOSE, atol=CLOSE)
    assert torch.equal(merged.active, whole.active)


def test_summaries_of_different_sites_do_not_merge():
    a, b = torch.randn(4, 3), torch.randn(4, 5)
    with pytest.raises(ValueError, match="3 and 5 units"):
        summarise_site(a, a, RELU, 1) + summarise_site(b, b, RELU, 1)


# -- units -----------------------------------------------------------------------------------------


def unit_values(memory, z, shift=None):
    summary = summarise_site(z, z.relu(), memory.function, 1, 2**20)
    values = memory.row(summary, shift).tolist()[ROW:]
    return dict(zip(FIELDS, values, strict=True))


def test_a_unit_is_dead_when_two_probes_in_a_row_saw_it_silent():
    memory = UnitMemory(function=RELU)
    alive = torch.tensor([[1.0, -1.0, -1.0], [-1.0, -2.0, -1.0]])
    first = unit_values(memory, alive)
    assert first["silent"] == pytest.approx(2 / 3)
    later = torch.tensor([[1.0, -1.0, 2.0], [-1.0, -2.0, -1.0]])
    second = unit_values(memory, later)
    assert second["dead"] == pytest.approx(1 / 3)  # only the middle one
    assert second["never_active"] == pytest.approx(1 / 3)
    assert second["silent_samples"] == 4  # 2 rows in each of 2 probes
    third = unit_values(memory, torch.ones(2, 3))
    assert third["dead"] == 0
    assert third["never_active"] == 0


def test_blame_of_the_bias_is_asked_unit_by_unit():
    memory = UnitMemory(function=RELU)
    wx = torch.tensor([[1.0, -1.0], [0.5, -2.0]])
    bias = torch.tensor([-5.0, -1.0])
    unit_values(memory, wx + bias, bias)
    values = unit_values(memory, wx + bias, bias)
    # Without its bias unit 0 would be active (1 > 0); unit 1 would not (-1 < 0).
    assert values["dead"] == 1
    assert values["dead_by_bias"] == 0.5


def test_units_saturated_on_all_samples():
    memory = UnitMemory(function=SIGMOID)
    z = torch.tensor([[9.0, -9.0, 0.0], [8.0, -7.0, 9.0]])
    values = unit_values(memory, z, torch.tensor([10.0, 0.0, 0.0]))
    assert values["saturated_units_high"] == pytest.approx(1 / 3)
    assert values["saturated_units_low"] == pytest.approx(1 / 3)
    assert values["saturated_by_bias"] == 0.5  # unit 0: mean 8.5 − 10 = −1.5 is inside


def test_movement_of_unit_means_against_sampling_noise():
    memory = UnitMemory(function=RELU)
    torch.manual_seed(0)
    z = torch.randn(400, 50)
    assert math.isnan(unit_values(memory, z)["unit_shift"])
    still = unit_values(memory, torch.randn(400, 50))
    # Two means of 400 draws each differ by √(2/400) = 0.0707 deviations.
    assert still["unit_shift_noise"] == pytest.approx(0.0707, rel=1e-3)
    assert still["unit_shift"] == pytest.approx(0.0707, rel=0.3)
    moved = unit_values(memory, torch.randn(400, 50) + 1)
    assert moved["unit_shift"] == pytest.approx(1, rel=0.1)


def test_a_batch_without_samples_says_nothing_of_movement():
    memory = UnitMemory(function=RELU)
    unit_values(memory, torch.empty(0, 3))
    assert unit_values(memory, torch.randn(4, 3))["unit_shift_noise"] == math.inf


def test_an_unknown_function_is_active_where_its_output_is_not_zero():
    unknown = Function(name="Mine", known=False)
    z = torch.tensor([[1.0, -1.0], [2.0, -2.0]])
    summary = summarise_site(z, z.relu(), unknown, 1)
    assert summary.active.tolist() == [2, 0]

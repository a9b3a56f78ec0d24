"""What the experiments are built of: curves, shapes, sequences, means."""

from __future__ import annotations

import math

import pytest
import torch

from stetho.article.claims.a1_zero_centred import ZeroCentred
from stetho.article.claims.a2_normal import _narrow
from stetho.article.claims.b5_saturated import SaturatedNeurons
from stetho.article.curves import by_step, over_seeds
from stetho.article.data import Split
from stetho.article.estimates import mean
from stetho.article.sequences import recurrent, shown_first
from stetho.article.shapes import shaped


def split() -> Split:
    x = torch.randn(1_000, 3, generator=torch.Generator().manual_seed(0)).exp()
    y = torch.zeros(1_000, dtype=torch.long)
    return Split(x, y, x[:10], y[:10])


def test_seeds_become_a_line_in_a_band() -> None:
    series = over_seeds("a", (1, 2), [[1.0, 5.0], [2.0, 4.0], [9.0, 6.0]])
    assert (series.y, series.low, series.high) == ((2.0, 5.0), (1.0, 4.0), (9.0, 6.0))


def test_long_curves_are_drawn_by_means_of_stretches() -> None:
    series = by_step("a", [[float(step) for step in range(400)]])
    # 100 stretches of 4 steps: the first has (0 + 1 + 2 + 3) / 4 = 1.5, the last ends at step 400
    assert (len(series.x), series.y[0], series.x[0], series.x[-1]) == (100, 1.5, 4, 400)


def test_of_a_diverged_training_no_mean_is_known() -> None:
    assert math.isnan(mean("loss", [1.0, math.nan, 2.0]).value)


@pytest.mark.parametrize("shape", ["normal", "skewed", "heavy-tailed"])
def test_shapes_keep_the_order_and_the_scale(shape: str) -> None:
    before = split()
    after = shaped(before, shape)
    assert torch.equal(after.x.argsort(0), before.x.argsort(0))
    torch.testing.assert_close(after.x.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(after.x.std(0), torch.ones(3))
    torch.testing.assert_close(after.x_test, after.x[:10])


def test_shapes_differ_in_skewness_and_tails() -> None:
    moments = {
        shape: (float(x.pow(3).mean()), float(x.pow(4).mean()))
        for shape in ("normal", "skewed", "heavy-tailed")
        for x in [shaped(split(), shape).x]
    }
    # a normal distribution has skewness 0 and fourth moment 3
    assert moments["normal"] == pytest.approx((0, 3), abs=0.15)
    assert moments["skewed"][0] > 3
    assert moments["heavy-tailed"] == pytest.approx((0, moments["heavy-tailed"][1]), abs=0.5)
    assert moments["heavy-tailed"][1] > 10


def test_a_sample_is_shown_once_and_then_nothing() -> None:
    before = split()
    after = shown_first(before, 5)
    assert after.x.shape == (1_000, 5, 3)
    assert torch.equal(after.x[:, 0], before.x)
    assert not after.x[:, 1:].any()


def test_only_the_forget_gate_is_opened() -> None:
    usual, opened = (recurrent("LSTM", 2, seed=0, forget=by).layer for by in (0.0, 3.0))
    # gates in torch's order: input, forget, cell, output, of 2 units each
    by = (opened.bias_ih_l0 - usual.bias_ih_l0).tolist()
    assert by == pytest.approx([0, 0, 3, 3, 0, 0, 0, 0])
    assert torch.equal(usual.weight_hh_l0, opened.weight_hh_l0)


def test_steps_out_of_saturation_are_those_of_the_integral() -> None:
    claim = SaturatedNeurons()
    # from -8 to -2 at 2 φ' a step: (6 + sinh(-2) − sinh(-8)) = 6 − 3.63 + 1490.48 = 1492.9 steps;
    # at a slope of 1/4 throughout: 6 / (2 / 4) = 12
    assert claim._by_integral() == pytest.approx(1492.85 / 12, rel=1e-5)
    assert claim._way()[0] == pytest.approx(1492.85, rel=0.01)


def test_an_offset_does_not_touch_the_slopes_of_relu() -> None:
    assert ZeroCentred()._by_theory("relu") == 1.0
    assert ZeroCentred(offset=0.0)._by_theory("tanh") == pytest.approx(1.0)
    assert ZeroCentred()._by_theory("tanh") < 0.1


def test_a_unit_that_sees_only_a_region() -> None:
    # the top 5 % of 20 samples is one: 10 of 10 + 19 · 0.1 = 84 %, and 1 of 20 = 5 %
    narrow = torch.tensor([[10.0], *[[0.1]] * 19])
    wide = torch.ones(20, 1)
    assert _narrow(torch.cat([narrow, wide], 1)) == 0.5

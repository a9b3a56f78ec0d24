"""Gradients along a sequence → early and late size, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from stetho.summarise.sequence import sequence_stats, summarise_sequence


def stats(*summaries):
    total = summaries[0]
    for other in summaries[1:]:
        total = total + other
    return sequence_stats([float(value) for value in total.row()])


def ramp(steps=20, batch=3, features=2):
    """∂L/∂x is t + 1 at time t, for all samples and features."""
    times = torch.arange(1.0, steps + 1)
    return times[:, None, None].expand(steps, batch, features)


def test_first_and_last_tenth_and_what_comes_in():
    up = torch.zeros(20, 3, 2)
    up[19], up[0] = 3.0, 1.0
    got = stats(summarise_sequence(ramp(), up))
    # Tenths of 20 steps hold 2: √((1² + 2²) / 2), √((19² + 20²) / 2); of Σ (∂L/∂h)², 9 of 10.
    expected = {"time_steps": 20, "time_early": math.sqrt(2.5), "time_late": math.sqrt(380.5)}
    assert got == pytest.approx({**expected, "time_fed": 0.9})


def test_only_the_end_is_used():
    assert stats(summarise_sequence(ramp(), None))["time_fed"] == 1.0


def test_a_loss_scale_is_divided_out():
    got = stats(summarise_sequence(ramp() * 64, None, torch.tensor(64.0)))
    assert got["time_early"] == pytest.approx(math.sqrt(2.5))


def test_two_calls_merge_to_the_call_with_both():
    torch.manual_seed(0)
    down, up = torch.randn(30, 8, 4), torch.randn(30, 8, 4)
    parts = [summarise_sequence(down[:, s], up[:, s]) for s in (slice(0, 3), slice(3, 8))]
    assert stats(*parts) == pytest.approx(stats(summarise_sequence(down, up)))


def test_gradients_of_1e_30_keep_their_size():
    tiny = ramp().double() * 1e-30
    assert stats(summarise_sequence(tiny.float(), None))["time_early"] == pytest.approx(
        math.sqrt(2.5) * 1e-30, rel=1e-5
    )


def test_no_gradient_at_all_has_no_share():
    assert math.isnan(stats(summarise_sequence(ramp() * 0, ramp() * 0))["time_fed"])

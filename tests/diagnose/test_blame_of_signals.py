"""Blame for what happens to signals, updates and sequences, computed by hand for small runs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from stetho.diagnose import diagnose
from stetho.diagnose.examples import LEARNS, RELU, SIGMOID, STUCK, TANH, chain, with_sites
from stetho.diagnose.rules.vanishing_through_time import VanishingThroughTime
from stetho.record import Severity


def finding(run, rule):
    found = [f for f in diagnose(run).findings if f.rule == rule]
    assert found, f"{rule} is not among {[f.rule for f in diagnose(run).findings]}"
    return found[0]


def rules(run):
    return [f.rule for f in diagnose(run).findings]


def at_steps(run, change):
    """The same run with sites' fields that depend on the step."""
    probes = tuple(
        replace(probe, sites={n: replace(s, **change(probe.step)) for n, s in probe.sites.items()})
        for probe in run.probes
    )
    return replace(run, probes=probes)


# -- collapsed ----------------------------------------------------------------------------------


def spreading(spreads, offset=0.5, **more):
    run = chain(len(spreads), function=SIGMOID, losses=STUCK, **more)
    for place, spread in enumerate(spreads):
        run = with_sites(run, [place], unit_spread=spread, unit_offset=offset, a_cosine=0.99)
    return run


def test_a_collapse_is_shared_by_slopes_and_weights_on_the_way():
    # Spread 1 → 0.1 → 0.01: a tenth a site, of which the slope is 0.25 and the weights 0.4.
    got = finding(spreading([1.0, 0.1, 0.01], slope=0.25), "collapsed")
    slope, weights = -2 * math.log(0.25), -2 * math.log(0.4)
    assert got.cause["slope"] == pytest.approx(slope / (slope + weights))
    assert got.cause["weights"] == pytest.approx(weights / (slope + weights))
    part = got.evidence["part of z that depends on the input"].value
    assert part == pytest.approx(0.01 / math.hypot(0.01, 0.5))


def test_a_large_bias_at_the_first_site_is_the_bias():
    # Offset 8 of a bias of 8; the spread is 0.1: log 8 against log 10.
    run = spreading([0.1, 0.1], offset=8.0, slope=0.999, parameter={"rms": 8.0})
    got = finding(run, "collapsed").cause
    assert got["bias"] == pytest.approx(math.log(8) / (math.log(8) + math.log(10)), rel=0.01)


def test_data_that_never_changes_is_the_input():
    run = spreading([0.0, 0.0], data={"constant_features": 1.0})
    assert finding(run, "collapsed").cause == {"input": 1.0}


# -- drift --------------------------------------------------------------------------------------


def test_a_move_within_what_sampling_gives_is_none():
    noisy = {"unit_shift": 1.2, "unit_shift_noise": 1.19}  # √(1.2² − 1.19²) = 0.155
    assert "covariate-shift" not in rules(chain(4, losses=STUCK, site=noisy))


def test_a_collapsed_signal_does_not_drift():
    moves = {"unit_shift": 50.0, "unit_shift_noise": 0.2, "unit_spread": 1e-3, "unit_offset": 0.5}
    assert "covariate-shift" not in rules(chain(4, losses=STUCK, site=moves))


def test_drift_is_shared_between_the_rate_and_its_growth_with_depth():
    run = chain(3, losses=STUCK, parameter={"rms": 0.1, "update_rms": 1e-3})  # ten times 1e-3
    for place, move in enumerate((1.5, 3.0, 6.0)):
        run = with_sites(run, [place], unit_shift=move, unit_shift_noise=0.0)
    rate, grown = math.log(10), math.log(4)  # from 1.5 to 6
    got = finding(run, "covariate-shift").cause
    assert got["learning-rate"] == pytest.approx(rate / (rate + grown))


# -- sparsity and tails -------------------------------------------------------------------------


def test_zeros_by_the_bias():
    # |mean of z| 2, of which a bias of 1.5 accounts for three quarters; zero from the start.
    run = chain(4, losses=STUCK, site={"a_zero": 0.97, "z_mean": -2.0}, parameter={"rms": 1.5})
    assert finding(run, "over-sparse").cause == pytest.approx({"bias": 0.75, "weights": 0.25})


def test_zeros_that_came_with_training():
    run = at_steps(chain(4, losses=STUCK), lambda s: {"a_zero": 0.5 if s < 100 else 0.97})
    got = finding(run, "over-sparse")
    assert (got.cause, got.first_step) == ({"learning-rate": 1.0}, 150)


def test_smooth_functions_have_no_zeros_to_count():
    assert "over-sparse" not in rules(chain(4, function=TANH, losses=STUCK, site={"a_zero": 1.0}))


def test_tails_that_the_data_brings_and_tails_that_depth_makes():
    run = chain(3, function=TANH, losses=STUCK)
    for place, tails in enumerate((19.0, 99.0, 399.0)):
        run = with_sites(run, [place], z_kurtosis=tails, z_skew=0.0)
    brought, worst = math.log(20), math.log(400)
    got = finding(run, "non-normal").cause
    assert got == pytest.approx({"input": brought / worst, "depth": 1 - brought / worst})


# -- saturation that came with training ---------------------------------------------------------


def test_what_saturates_after_large_steps_is_laid_to_them():
    large = {"rms": 0.1, "update_rms": 0.1}
    wide = chain(3, function=TANH, losses=STUCK, parameter=large)
    wide = at_steps(wide, lambda step: {"saturated_high": 0.1 if step < 100 else 0.9})
    # Of 0.9 that are saturated now, 0.8 were not so at first.
    assert finding(wide, "saturated").cause["learning-rate"] == pytest.approx(0.8 / 0.9)
    calm = at_steps(
        chain(3, function=TANH, losses=STUCK),
        lambda step: {"saturated_high": 0.1 if step < 100 else 0.9},
    )
    assert "learning-rate" not in finding(calm, "saturated").cause


# -- explosion and small steps ------------------------------------------------------------------


def test_an_explosion_is_still_told_when_all_is_nan():
    run = chain(8, function=TANH, slope=0.9, weight=5.0, losses=STUCK)
    nan = math.nan
    gone = at_steps(run, lambda step: {"up_rms": nan, "down_rms": nan} if step > 150 else {})
    gone = replace(gone, first_nonfinite_loss=150)
    assert finding(gone, "exploding-gradient").cause == {"weights": 1.0}
    # In a run that has not diverged, what was is past.
    assert "exploding-gradient" not in rules(replace(gone, first_nonfinite_loss=None))


def test_small_steps_behind_a_vanishing_gradient_are_not_the_learning_rate():
    tiny = {"rms": 0.1, "update_rms": 1e-8, "grad_rms": 1e-7}
    run = chain(12, function=SIGMOID, slope=0.24, weight=0.6, losses=STUCK, parameter=tiny)
    assert "undersized-update" not in rules(run)
    passing = chain(4, function=RELU, losses=STUCK, parameter=tiny)
    assert finding(passing, "undersized-update").cause == {"learning-rate": 1.0}


def test_slow_steps_of_a_loss_that_has_hardly_moved_are_a_warning():
    tiny = {"rms": 0.1, "update_rms": 1e-7}
    falling = tuple(2.3 - 0.0006 * step for step in range(300))
    run = chain(4, losses=falling, parameter=tiny)
    assert diagnose(run).learning == "learns"
    assert finding(run, "undersized-update").severity is Severity.WARNING
    assert finding(chain(4, losses=LEARNS, parameter=tiny), "undersized-update").severity is (
        Severity.NOTE
    )


# -- signs, zig-zag, time -----------------------------------------------------------------------


def test_one_sign_is_laid_to_data_and_function_by_their_offsets():
    # Three layers, tied: data with |mean| / rms 0.6; two behind a function with 0.9.
    run = chain(
        2,
        function=SIGMOID,
        losses=STUCK,
        parameter={"one_sign": 1.0, "balance": 1.0},
        layer={"x_mean": 0.9, "x_rms": 1.0},
        data={"x_mean": 0.6, "x_rms": 1.0},
    )
    got = finding(run, "one-sign-gradient").cause
    assert got == pytest.approx({"input": 0.2, "function": 0.6, "unknown": 0.2})


def test_zig_zag_is_laid_to_the_mean_of_what_enters_and_to_the_rate():
    run = chain(
        2,
        losses=STUCK,
        parameter={"update_cosine": -0.9},
        layer={"x_mean": 0.5, "x_rms": 1.0},
        data={"x_mean": 0.0, "x_rms": 1.0},
    )
    # (mean / rms)²: 0 for the data, a quarter for each of two layers behind a function.
    got = finding(run, "zig-zag").cause
    assert got == pytest.approx({"learning-rate": 2.5 / 3, "function": 0.5 / 3})


def test_the_recurrent_weights_part_of_a_gradient_lost_in_time():
    run = VanishingThroughTime.present()
    layer = run.layers[0]
    weight_ih = "layers.0.weight_ih_l0"
    named = replace(layer, weight=weight_ih)
    weight_hh = replace(run.parameters[0], name="layers.0.weight_hh_l0", shape=(64, 64))
    probes = tuple(
        replace(
            probe,
            parameters={
                **probe.parameters,
                weight_hh.name: replace(probe.parameters["layers.0.weight"], rms=0.1),
            },
        )
        for probe in run.probes
    )
    run = replace(
        run,
        layers=(named, *run.layers[1:]),
        parameters=(*run.parameters, weight_hh),
        probes=probes,
    )
    # 1e-12 against 1e-3 over 0.9 × 50 steps: 1e-9 ** (1 / 45) = 0.631 a step; 0.1 √64 = 0.8.
    step = 1e-9 ** (1 / 45)
    got = finding(run, "vanishing-through-time")
    assert got.evidence["factor per step"].value == pytest.approx(step)
    assert got.cause["weights"] == pytest.approx(math.log(0.8) / math.log(step))


def test_a_sequence_with_a_loss_at_every_step_is_not_judged():
    run = VanishingThroughTime.present()
    name = run.layers[0].name
    probes = tuple(
        replace(p, layers={**p.layers, name: replace(p.layers[name], time_fed=0.1)})
        for p in run.probes
    )
    assert "vanishing-through-time" not in rules(replace(run, probes=probes))

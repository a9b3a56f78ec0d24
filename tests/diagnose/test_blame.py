"""Who is to blame, computed by hand for small runs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from stetho.diagnose import diagnose
from stetho.diagnose.examples import LEARNS, RELU, SIGMOID, STUCK, TANH, chain, with_sites
from stetho.diagnose.rules.initial_loss import InitialLoss
from stetho.diagnose.view import RunView
from stetho.record import Severity


def finding(run, rule):
    found = [f for f in diagnose(run).findings if f.rule == rule]
    assert found, f"{rule} is not among {[f.rule for f in diagnose(run).findings]}"
    return found[0]


def test_logarithms_share_out_a_vanishing_gradient():
    # 12 sites: 12 slope factors of 0.24, 11 weight factors of 0.6.
    run = chain(12, function=SIGMOID, slope=0.24, weight=0.6, losses=STUCK)
    got = finding(run, "vanishing-gradient")
    slope, weights = 12 * math.log(0.24), 11 * math.log(0.6)
    assert got.cause["slope"] == pytest.approx(slope / (slope + weights))
    assert got.cause["weights"] == pytest.approx(weights / (slope + weights))
    total = got.evidence["gradient, first site to last"].value
    assert math.log(total) == pytest.approx(slope + weights)


def test_weights_that_grow_the_gradient_have_no_blame_for_its_shrinking():
    run = chain(12, function=SIGMOID, slope=0.2, weight=1.5, losses=STUCK)
    assert finding(run, "vanishing-gradient").cause == {"slope": 1.0}


def test_slopes_above_one_and_weights_share_an_explosion():
    run = chain(10, slope=1.2, weight=3.0, losses=STUCK)
    slope, weights = 10 * math.log(1.2), 9 * math.log(3.0)
    got = finding(run, "exploding-gradient")
    assert got.cause["weights"] == pytest.approx(weights / (slope + weights))


def test_a_gradient_below_float32_is_told_as_vanishing():
    run = chain(12, function=SIGMOID, slope=0.01, weight=0.1, losses=STUCK)
    run = with_sites(run, [0, 1], up_rms=0.0, down_rms=0.0)
    got = finding(run, "vanishing-gradient")
    assert "No gradient arrives before layers.2/sigmoid" in got.message
    assert got.severity is Severity.FAULT
    assert len(got.sites) == 12


def test_units_that_block_the_gradient_are_no_vanishing_gradient():
    run = chain(6, function=RELU, losses=STUCK)
    dead = {"dead": 1.0, "silent": 1.0, "silent_samples": 5000.0, "dead_by_bias": 0.25}
    run = with_sites(run, [3], down_rms=0.0, **dead)
    run = with_sites(run, [0, 1, 2], up_rms=0.0, down_rms=0.0)
    rules = [f.rule for f in diagnose(run).findings if f.severity > Severity.NOTE]
    assert "vanishing-gradient" not in rules
    assert finding(run, "dead-units").cause == pytest.approx({"bias": 0.25, "weights": 0.75})


def test_units_that_died_after_a_jump_are_laid_to_the_learning_rate():
    run = chain(3, losses=STUCK, parameter={"update_rms": 0.05, "rms": 0.1})  # half its size
    alive = {"dead": 0.0, "silent": 0.0, "silent_samples": 0.0}
    dead = {"dead": 0.8, "silent": 0.8, "silent_samples": 999.0, "dead_by_bias": 0.5}
    probes = []
    for probe in run.probes:
        state = alive if probe.step < 100 else dead
        sites = {name: replace(stats, **state) for name, stats in probe.sites.items()}
        probes.append(replace(probe, sites=sites))
    got = finding(replace(run, probes=tuple(probes)), "dead-units")
    assert got.cause == {"learning-rate": 1.0}
    assert got.first_step == 150


def test_a_site_behind_a_dead_one_has_no_cause_of_its_own():
    dead = {"dead": 1.0, "silent": 1.0, "silent_samples": 999.0, "dead_by_bias": 1.0}
    run = chain(3, losses=STUCK, site=dead)
    probes = tuple(
        replace(
            probe,
            layers={
                name: stats if name == "layers.0" else replace(stats, x_rms=0.0)
                for name, stats in probe.layers.items()
            },
        )
        for probe in run.probes
    )
    got = finding(replace(run, probes=probes), "dead-units")
    assert got.cause == {"bias": 1.0}
    assert got.message.startswith("layers.0/relu")
    assert len(got.sites) == 3


@pytest.mark.parametrize(("x_rms", "share"), [(1.0, 0.0), (2.0, 0.1479), (1e4, 1.0)])
def test_what_the_input_leaves_open_of_a_first_loss_is_laid_to_the_functions(x_rms, share):
    # 250 / ln 10 = 108.57: 2.0357 orders of magnitude; log10 2 = 0.3010, 0.3010 / 2.0357 = 0.1479
    run = InitialLoss.present()
    reads = next(layer.name for layer in run.layers if layer.reads_data)
    probes = [
        replace(p, layers={**p.layers, reads: replace(p.layers[reads], x_rms=x_rms)})
        for p in run.probes
    ]
    cause = finding(replace(run, probes=tuple(probes)), "initial-loss").cause
    assert cause.get("input", 0.0) == pytest.approx(share, abs=1e-3)
    assert cause.get("function", 0.0) == pytest.approx(1 - share, abs=1e-3)


def test_that_it_does_not_learn_is_an_effect_and_leads_no_cause_that_came_later():
    run = chain(4, function=RELU, losses=STUCK)
    dead = {"dead": 0.9, "silent": 0.9, "silent_samples": 5000.0}
    alive = {"dead": 0.0, "silent": 0.0, "silent_samples": 0.0}
    probes = []
    for probe in run.probes:
        state = dead if probe.step > 20 else alive
        sites = {name: replace(stats, **state) for name, stats in probe.sites.items()}
        probes.append(replace(probe, sites=sites))
    rules = [f.rule for f in diagnose(replace(run, probes=tuple(probes))).findings]
    assert rules.index("dead-units") < rules.index("not-learning")


ALL_DEAD = {"dead": 1.0, "silent": 1.0, "silent_samples": 5000.0, "down_rms": 0.0}


def test_where_all_units_are_dead_a_falling_loss_is_no_excuse():
    # What falls is the loss of a constant: nothing of the input reaches the output.
    run = chain(3, function=RELU, losses=LEARNS, site=ALL_DEAD)
    assert finding(run, "dead-units").severity is Severity.FAULT
    assert "No fault was found" not in diagnose(run).verdict


def test_a_dead_branch_of_a_network_that_learns_is_a_note():
    run = with_sites(chain(3, function=RELU, losses=LEARNS), [1], **ALL_DEAD)
    assert finding(run, "dead-units").severity is Severity.NOTE


def test_outputs_that_are_all_zero_have_no_cosine_to_tell():
    flat = {"unit_spread": 1e-5, "unit_offset": 0.3, "a_cosine": math.nan}
    got = finding(chain(3, function=RELU, losses=STUCK, site=flat), "collapsed")
    assert "cosine" not in got.message
    assert got.message.endswith("sites are affected.")


def test_too_few_samples_make_no_unit_dead():
    few = {"dead": 0.9, "silent": 0.9, "silent_samples": 150.0}
    run = chain(3, losses=STUCK, site=few)
    assert "dead-units" not in [f.rule for f in diagnose(run).findings]


def test_a_few_dead_units_are_no_finding():
    few = {"dead": 0.05, "silent": 0.05, "silent_samples": 5000.0}
    run = chain(3, losses=STUCK, site=few)
    assert "dead-units" not in [f.rule for f in diagnose(run).findings]


def test_saturation_by_wide_weights_by_input_and_by_bias():
    wide = {"saturated_low": 0.4, "saturated_high": 0.45, "z_std": 8.0}
    # rms 0.5 with fan-in 64: gain 4; data of unit scale: all of it by the weights
    weights = chain(1, function=TANH, losses=STUCK, site=wide, parameter={"rms": 0.5})
    assert finding(weights, "saturated").cause == {"weights": 1.0}
    # gain 1 and data 100 times unit scale
    data = chain(
        1,
        function=TANH,
        losses=STUCK,
        site=wide,
        parameter={"rms": 0.125},
        data={"x_rms": 100.0},
    )
    assert finding(data, "saturated").cause == {"input": 1.0}
    units = {"saturated_units_high": 0.9, "saturated_by_bias": 1.0, "saturated_high": 0.9}
    bias = chain(1, function=TANH, losses=STUCK, site=units)
    assert finding(bias, "saturated").cause == {"bias": 1.0}


def test_flat_sides_by_design_are_not_saturation():
    silent = {"saturated_low": 0.7, "saturated_high": 0.0, "saturated_units_low": 0.4}
    run = chain(4, function=RELU, losses=STUCK, site=silent)
    assert "saturated" not in [f.rule for f in diagnose(run).findings]


def test_off_centre_is_split_between_function_and_bias():
    # sigmoid of z with mean 1 and deviation 1: half of z's size is its mean
    run = chain(
        4,
        function=SIGMOID,
        losses=STUCK,
        site={"z_mean": 1.0, "z_std": 1.0},
        layer={"x_mean": 0.7, "x_rms": 0.72},
    )
    assert finding(run, "off-centre").cause == pytest.approx({"function": 0.5, "bias": 0.5})


def test_not_learning_takes_the_cause_of_what_explains_it():
    run = chain(12, function=SIGMOID, slope=0.24, weight=0.6, losses=STUCK)
    explained = finding(run, "not-learning")
    assert explained.cause == finding(run, "vanishing-gradient").cause
    assert "vanishing-gradient explains it" in explained.message
    alone = chain(4, losses=STUCK, parameter={"update_rms": 1e-9, "rms": 0.1})
    assert finding(alone, "not-learning").cause == {"learning-rate": 1.0}


def test_frozen_on_purpose_is_a_note():
    run = chain(4, losses=STUCK)
    parameters = tuple(
        replace(p, trainable=False, requires_grad=False) if p.name.startswith("layers.0") else p
        for p in run.parameters
    )
    got = finding(replace(run, parameters=parameters), "frozen-layer")
    assert (got.severity, got.cause) == (Severity.NOTE, {"frozen": 1.0})


def test_a_bias_before_a_normalisation_is_not_frozen():
    run = chain(4, losses=STUCK)
    probes = tuple(
        replace(
            probe,
            parameters={
                name: replace(stats, grad_rms=1e-10, update_rms=1e-11)
                if name.endswith("bias")
                else stats
                for name, stats in probe.parameters.items()
            },
        )
        for probe in run.probes
    )
    rules = [f.rule for f in diagnose(replace(run, probes=probes)).findings]
    assert "frozen-layer" not in rules


def test_scaled_losses_that_overflow_in_mixed_precision_are_no_finding():
    run = with_sites(chain(4, losses=LEARNS), [0], up_nonfinite=0.5, down_nonfinite=0.5)
    assert "non-finite" not in [f.rule for f in diagnose(run).findings]


def test_non_finite_data_is_blamed_on_the_input():
    run = chain(4, losses=LEARNS, data={"x_nonfinite": 12.0})
    got = finding(run, "non-finite")
    assert got.cause == {"input": 1.0}
    assert got.sites == ("layers.0",)


def test_since_is_the_first_step_of_the_last_unbroken_row():
    view = RunView(chain(2))  # probes at 0, 1, 150, 151, 298, 299
    assert view.since(lambda probe: probe.step >= 150) == 150
    assert view.since(lambda probe: probe.step != 298) == 299
    assert view.since(lambda probe: probe.step < 299) is None

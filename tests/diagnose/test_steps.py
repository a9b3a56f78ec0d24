"""Who is to blame for steps that are too large, by orders of magnitude, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from stetho.diagnose import diagnose, steps
from stetho.diagnose.examples import LEARNS, STUCK, chain
from stetho.diagnose.view import RunView
from stetho.record import Criterion, Optimizer

# Layers of fan-in 64: weights of rms 0.1 have a gain of 0.8, which is usual.
LARGE = {"rms": 0.1, "update_rms": 0.1}  # relative update 1: two orders above 1e-2


def blame(run):
    return steps.blame(RunView(run))


def stepping(run, sizes):
    """The same run with weights of rms 0.1 and a relative update for each probe."""
    probes = tuple(
        replace(
            probe,
            parameters={
                name: replace(stats, rms=0.1, update_rms=0.1 * size)
                for name, stats in probe.parameters.items()
            },
        )
        for probe, size in zip(run.probes, sizes, strict=True)
    )
    return replace(run, probes=probes)


def test_usual_weights_and_data_leave_the_learning_rate():
    assert blame(chain(4, losses=STUCK, parameter=LARGE)) == {"learning-rate": 1.0}


def test_data_of_ten_times_unit_scale_takes_one_of_two_orders():
    run = chain(4, losses=STUCK, parameter=LARGE, data={"x_rms": 10.0})
    assert blame(run) == pytest.approx({"learning-rate": 0.5, "input": 0.5})


def test_under_adam_the_size_of_the_gradient_is_no_matter():
    run = chain(
        4, losses=STUCK, parameter=LARGE, data={"x_rms": 10.0}, optimizer=Optimizer("Adam", 1e-8)
    )
    assert blame(run) == {"learning-rate": 1.0}


def test_large_weights_multiply_the_gradient_in_each_of_five_layers():
    # Gain 8 × 0.5 = 4 against 1.9: five times log10 2.105 = 1.617 of log10 (4 / 0.01) = 2.602.
    run = chain(4, losses=STUCK, parameter={"rms": 0.5, "update_rms": 2.0})
    part = 5 * math.log10(4 / 1.9) / math.log10(4 / 0.01)
    assert blame(run) == pytest.approx({"weights": part, "learning-rate": 1 - part})


def test_weights_next_to_0_make_any_step_large():
    # Gain 8 × 1e-4 = 8e-4 against 0.3: 2.574 orders; the update of 1e-3 is 10 times them: 3.
    run = chain(4, losses=STUCK, parameter={"rms": 1e-4, "update_rms": 1e-3})
    part = math.log10(0.3 / 8e-4) / 3
    assert blame(run) == pytest.approx({"weights": part, "learning-rate": 1 - part})


def test_the_first_large_step_counts_not_what_feeds_on_it():
    sizes = [0.1, 1.0, 1e9, 1e20, 1e30, 1e30]
    run = stepping(chain(4, losses=STUCK, data={"x_rms": 10.0}), sizes)
    assert steps.first_large(RunView(run)) == (pytest.approx(1.0), 1)
    assert steps.peak(RunView(run)) == pytest.approx(1e30)
    assert steps.peak(RunView(run), before=150) == pytest.approx(1.0)
    assert blame(run) == pytest.approx({"learning-rate": 0.5, "input": 0.5})


@pytest.mark.parametrize(
    ("function", "first", "share"),
    [
        # Update 10 is 3 orders above 1e-2; data of scale 5 is 0.699 of them, three times 2.097.
        ("mse_loss", 1, 0.699),
        ("mse_loss", 1e-3, 2.097),
        ("cross_entropy", 1e-3, 0.699),  # its residual is never above 1
    ],
)
def test_under_squared_error_the_residual_has_grown_before(function, first, share):
    run = chain(4, losses=STUCK, data={"x_rms": 5.0}, steps=(0, 1))
    run = replace(run, criteria=(Criterion(function=function),))
    assert blame(stepping(run, (10.0 * first, 10.0)))["input"] == pytest.approx(share / 3, abs=1e-3)


def test_nan_after_usual_steps_is_not_the_learning_rate():
    calm = replace(chain(4, losses=LEARNS, site={"z_nonfinite": 0.1}), first_nonfinite_loss=0)
    finding = next(f for f in diagnose(calm).findings if f.rule == "non-finite")
    assert finding.cause == {"unknown": 1.0}


def test_what_only_goes_with_it_explains_nothing():
    run = chain(4, losses=STUCK, layer={"x_mean": 0.99, "x_rms": 1.0})
    diagnosis = diagnose(run)
    rules = [finding.rule for finding in diagnosis.findings]
    assert rules == ["not-learning", "off-centre"]
    assert diagnosis.findings[0].cause == {"unknown": 1.0}
    assert "off-centre explains" not in diagnosis.findings[0].message


def test_gradients_that_add_up_until_they_are_no_numbers():
    run = chain(4, losses=STUCK, parameter={"left_rms": 9e-4})  # of 1e-3 that is used
    broken = {"grad_rms": math.nan, "left_rms": math.nan, "update_rms": math.nan, "nonfinite": 1.0}
    probes = tuple(
        replace(
            probe,
            parameters={name: replace(one, **broken) for name, one in probe.parameters.items()},
        )
        for probe in run.probes[3:]
    )
    run = replace(run, probes=(*run.probes[:3], *probes), first_nonfinite_loss=probes[0].step)
    diagnosis = diagnose(run)
    assert [one.rule for one in diagnosis.findings[:2]] == ["unzeroed-gradient", "non-finite"]
    assert diagnosis.findings[0].first_step == 0
    assert "a call of zero_grad that is missing or in the wrong place" in diagnosis.verdict

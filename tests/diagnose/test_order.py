"""Findings of several rules → which leads, and what is a note beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stetho.diagnose import diagnose
from stetho.diagnose.examples import LEARNS, SIGMOID, STUCK, TANH, chain, with_sites
from stetho.diagnose.rules.covariate_shift import CovariateShift
from stetho.record import Criterion, Run, Severity

FULL = {"saturated_low": 0.95, "saturated_units_low": 0.95}


def vanishing(**more) -> Run:
    return chain(12, function=SIGMOID, slope=0.24, weight=0.6, losses=STUCK, **more)


def of_first_probes(run: Run, count: int, **changes) -> Run:
    """The same run, but fields of all sites are others in the first probes."""
    early = replace(run, probes=run.probes[:count])
    early = with_sites(early, range(len(run.sites)), **changes)
    return replace(run, probes=(*early.probes, *run.probes[count:]))


def grave(run: Run) -> list[str]:
    return [one.rule for one in diagnose(run).findings if one.severity > Severity.NOTE]


def test_what_stood_at_the_start_leads_what_came_with_training():
    saturated = vanishing(site=FULL)
    assert grave(saturated)[0] == "saturated", "both from the start: by rank"
    later = of_first_probes(saturated, 2, saturated_low=0.0, saturated_units_low=0.0)
    assert grave(later)[0] == "vanishing-gradient"


def test_a_symptom_that_explains_nothing_is_a_note_beside_one_that_does():
    moves = {"unit_shift": 3.0, "unit_shift_noise": 0.25}
    assert "covariate-shift" in grave(CovariateShift.present())
    beside = diagnose(vanishing(site=moves))
    (shift,) = [one for one in beside.findings if one.rule == "covariate-shift"]
    assert shift.severity == Severity.NOTE


@pytest.mark.parametrize(("steps", "finished"), [(60, False), (60, True), (150, False)])
def test_a_loss_that_is_still_is_given_time_while_training_goes_on(steps, finished):
    run = chain(4, function=TANH, slope=0.9, weight=1.1, losses=STUCK[:steps], steps=(0, 1, 50, 51))
    said = "not-learning" in grave(replace(run, finished=finished))
    assert said == (finished or steps > 100)


def test_a_gradient_that_vanished_at_the_start_still_counts_where_little_was_learned():
    little = tuple(2.303 - 0.4 * step / 300 for step in range(300))
    healthy = chain(12, losses=little)
    assert grave(healthy) == []
    began = vanishing()
    at_start = {
        here.name: began.probes[0].sites[there.name]
        for here, there in zip(healthy.sites, began.sites, strict=True)
    }
    first = replace(healthy.probes[0], sites=at_start)
    slow = replace(healthy, probes=(first, *healthy.probes[1:]))
    assert grave(slow) == ["vanishing-gradient"]
    assert grave(replace(slow, losses=LEARNS)) == []


def test_the_verdict_of_a_network_that_unlearns():
    lost = (*[2.3] * 60, *[1.2] * 90, *[2.24 - 5e-4 * step for step in range(150)])
    diagnosis = diagnose(chain(4, losses=lost))
    # Of the stretches of 30 steps the first that is 1.2 throughout ends with step 89.
    told = "The network forgot what it had learned: the loss was 1.20 about step 89 and is 2.17"
    assert diagnosis.verdict.startswith(told)
    (finding,) = diagnosis.findings
    assert (finding.rule, finding.severity) == ("not-learning", Severity.WARNING)
    assert finding.first_step == 89
    # Last 30: 2.24 - 5e-4 × 134.5 = 2.173, and 1 - 2.173 / 2.303 = 0.0566; at best 0.479.
    (kept,) = finding.evidence.values()
    assert (kept.value, kept.limit) == pytest.approx((0.0566, 0.5 * 0.479), abs=1e-3)


def test_since_when_a_network_knows_nothing_any_more():
    learned = [2.3 * 0.98**step + 0.02 * (step % 3) for step in range(200)]
    diagnosis = diagnose(chain(4, losses=(*learned, *[2.303] * 200)))
    finding = next(one for one in diagnosis.findings if one.rule == "not-learning")
    assert finding.severity == Severity.FAULT
    assert finding.first_step == pytest.approx(200, abs=2)
    assert f"Before step {finding.first_step} it was down to 0.0" in finding.message


def test_a_network_that_keeps_more_than_half_of_what_it_knew_has_lost_nothing():
    keeps = (*[2.3] * 60, *[1.2] * 90, *[1.7] * 150)  # 0.479 at best, 0.262 in the end
    assert diagnose(chain(4, losses=keeps)).worst is None


def test_in_a_short_run_a_loss_may_come_back():
    lost = (*[2.3] * 10, *[1.2] * 20, *[2.2] * 30)
    assert diagnose(chain(4, losses=lost)).worst is None


def test_an_output_that_is_cut_off_outside_of_the_network():
    cut = Criterion(
        function="cross_entropy", behind="relu", lower=0.0, classes=10, target_low=0, target_high=9
    )
    silent = chain(4, losses=STUCK, parameter={"grad_rms": 0.0, "update_rms": 0.0})
    assert "misfit-loss" in grave(replace(silent, criteria=(cut,)))
    moving = chain(4, losses=STUCK)
    assert "misfit-loss" not in grave(replace(moving, criteria=(cut,)))
    plain = replace(cut, behind="", lower=float("-inf"))
    assert "misfit-loss" not in grave(replace(silent, criteria=(plain,)))


def test_the_onset_is_the_pair_of_probes_between_which_a_symptom_began():
    def oversized(probes):
        findings = diagnose(replace(run, probes=tuple(probes))).findings
        return next(one for one in findings if one.rule == "oversized-update")

    run = chain(4, losses=STUCK)
    large = [
        replace(one, parameters={n: replace(s, update_rms=0.5) for n, s in one.parameters.items()})
        for one in run.probes
    ]
    steps = [probe.step for probe in run.probes]
    assert oversized([*run.probes[:2], *large[2:]]).onset == (steps[1], steps[2])
    assert oversized(large).onset == (steps[0], steps[0])

"""How sure a diagnosis is, and that it never clears what does not learn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stetho.diagnose import diagnose
from stetho.diagnose.examples import LEARNS, SIGMOID, STUCK, chain
from stetho.diagnose.grades import TRIALS, experiment
from stetho.diagnose.rule import all_rules
from stetho.record import CAUSES, Finding, Severity


def test_a_network_that_learns_needs_no_cause():
    assert diagnose(chain(4, losses=LEARNS)).grade == ""


def test_one_cause_is_known():
    got = diagnose(chain(12, function=SIGMOID, slope=0.24, weight=1.0, losses=STUCK))
    assert (got.grade, got.experiment) == ("known", "")


def test_two_causes_are_likely_and_one_change_tells_them_apart():
    got = diagnose(chain(12, function=SIGMOID, slope=0.5, weight=0.5, losses=STUCK))
    assert got.grade == "likely"
    assert "Two causes are left: slope (" in got.experiment
    assert got.experiment.endswith("if the finding stays, it is weights.")


def test_a_cause_without_a_trial_is_told_by_the_trial_of_the_other():
    cause = {"operation": 0.6, "input": 0.4}
    finding = Finding(rule="non-finite", severity=Severity.FAULT, message="1.", cause=cause)
    assert experiment([finding]).endswith("if the finding stays, it is operation.")
    assert set(TRIALS) < set(CAUSES)


@pytest.mark.parametrize("faults", [(), ("a fault of ours",)], ids=["", "after a fault"])
@pytest.mark.parametrize("losses", [STUCK, tuple(1.0 + 0.1 * step for step in range(300))])
def test_nothing_clears_a_loss_that_does_not_fall(losses, faults):
    run = replace(chain(4, losses=losses), faults=faults)
    said = diagnose(run)
    assert "No fault was found" not in said.verdict
    assert said.grade == "unexplained"


def test_nothing_clears_a_run_in_which_stetho_failed():
    run = replace(chain(4, losses=LEARNS), faults=("a fault of ours",))
    assert "No fault was found" not in diagnose(run).verdict


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_no_example_of_a_fault_is_cleared(rule):
    got = diagnose(type(rule).present())
    hopeless = got.learning in ("stuck", "diverged", "slow") or got.findings
    assert hopeless
    assert "No fault was found" not in got.verdict

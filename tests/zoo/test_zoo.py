"""The zoo's cases, labels and scores; its trainings are not run here, but for one."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch

from stetho.diagnose import diagnose
from stetho.diagnose.examples import STUCK, chain
from stetho.diagnose.rule import all_rules
from stetho.record import CAUSES
from zoo import peers, report, results, scoring
from zoo.cases import cases
from zoo.judging import Row, main_cause, until
from zoo.outcome import label
from zoo.plants import OPERATORS
from zoo.scoring import Share
from zoo.training import Training

RULES = {rule.name for rule in all_rules()}


def row(case, what, alarms=(), **more):
    known = scoring.by_name()[case]
    plant = known.plant
    cause = alarms[0][2] if alarms else ""
    base = Row(
        f"{case}@0x1",
        case,
        known.half,
        plant.name if plant else "",
        plant.strength if plant else "",
        0,
        1.0,
        0.0,
        what,
        "stuck",
        tuple(alarms),
        cause,
        False,
    )
    return replace(base, **more)


def test_every_case_has_its_own_name_and_its_twin_is_a_case():
    names = [case.name for case in cases()]
    assert len(names) == len(set(names))
    for case in cases():
        twin = scoring.by_name()[case.base]
        assert twin.plant is None
        assert twin.half == case.half, "a fault and its twin lie in one half"


def test_each_fault_is_in_the_reporting_half():
    there = {case.plant.name for case in cases() if case.plant and case.half == "report"}
    assert there == {operator.name for operator in OPERATORS}


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_right_answers_are_rules_and_causes_that_exist(operator):
    assert set(operator.rules) | set(operator.also) <= RULES
    assert set(operator.causes) <= set(CAUSES)
    assert operator.name in peers.NAMES, "what peers may say of it"


def test_labels_follow_the_outcome():
    fault = scoring.by_name()["so-39217567+sigmoid-stack-published"]
    assert label(fault, skill=0.05, twin=0.9) == "fault"
    assert label(fault, skill=0.5, twin=0.9) == "weak"
    assert label(fault, skill=0.85, twin=0.9) == "harmless"
    assert label(fault, skill=0.05, twin=0.4) == "undecided"
    twin = scoring.by_name()["so-39217567"]
    assert label(twin, skill=0.9, twin=0.9) == "healthy"


def test_a_fault_changes_the_training_and_its_healthy_twin_does_not_know_of_it():
    fault = scoring.by_name()["deepcrime+zero-init-published"]
    twin = scoring.by_name()["deepcrime"]
    planted, healthy = (Training.of(case.spec, 0) for case in (fault, twin))
    weights = [training.model[0][0].weight for training in (planted, healthy)]
    assert torch.equal(weights[0], torch.zeros_like(weights[0]))
    assert not torch.equal(*weights)
    assert torch.equal(planted.batches()[5], healthy.batches()[5]), "the same samples, in order"


def test_the_same_seed_trains_the_same_network():
    spec = replace(scoring.by_name()["so-59278771"].spec, steps=5)
    ends = []
    for seed in (0, 0, 1):
        training = Training.of(spec, seed)
        training.run()
        ends.append(training.model[0][0].weight.detach())
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


def test_a_run_as_it_was_at_a_step():
    run = replace(chain(3, losses=STUCK), first_nonfinite_loss=200)
    early = until(run, 151)
    assert [probe.step for probe in early.probes] == [0, 1, 150, 151]
    assert (len(early.losses), early.first_nonfinite_loss) == (152, None)
    assert until(run, 299) == replace(run, finished=False)


def test_the_main_cause_is_that_of_the_largest_share():
    finding = diagnose(chain(3, losses=STUCK)).findings[0]
    assert main_cause(replace(finding, cause={"slope": 0.4, "weights": 0.6})) == "weights"


# -- scores, by hand ----------------------------------------------------------------------------

SIGMOIDS = "so-39217567+sigmoid-stack-published"
RATE = "deepcrime+high-rate-published"


def test_noticed_named_and_explained():
    rows = [
        row("deepcrime", "healthy"),
        row("so-39217567", "healthy", [("zig-zag", "warning", "learning-rate")]),
        row(SIGMOIDS, "fault", [("vanishing-gradient", "fault", "slope")]),
        row(RATE, "fault", [("saturated", "fault", "weights")]),
    ]
    score = scoring.ours(rows)
    assert score.healthy == Share(1, 2)
    assert score.noticed == Share(2, 2)
    assert score.named == Share(2, 2)  # saturated is one of the rules that name a high rate
    assert score.explained == Share(1, 2)  # but the weights are not its cause
    of = {one.rule: one for one in scoring.of_rules(rows)}
    assert of["zig-zag"].right == Share(0, 1)
    assert of["vanishing-gradient"].found == Share(1, 1)
    assert of["oversized-update"].found == Share(0, 1)


def test_an_alarm_of_an_unrelated_rule_is_a_false_one():
    rows = [row(SIGMOIDS, "fault", [("dead-units", "fault", "bias")])]
    (one,) = [one for one in scoring.of_rules(rows) if one.rule == "dead-units"]
    assert one.right == Share(0, 1)


def test_the_same_verdict_over_seeds():
    slope, weights = (("vanishing-gradient", "fault", cause) for cause in ("slope", "weights"))
    same = [row(SIGMOIDS, "fault", [slope], seed=seed) for seed in range(5)]
    assert scoring.same(same, of_batches=False) == Share(1, 1)
    other = [*same[:4], row(SIGMOIDS, "fault", [weights], seed=4)]
    assert scoring.same(other, of_batches=False) == Share(0, 1)
    learned = [*same[:4], row(SIGMOIDS, "weak", [], seed=4)]  # another outcome is left out
    assert scoring.same(learned, of_batches=False) == Share(1, 1)
    assert scoring.same(same, of_batches=True) == Share(0, 0)


def test_peers_are_scored_without_their_advice_on_style():
    rows = [row("deepcrime", "healthy"), row(SIGMOIDS, "fault")]
    said = {"deepcrime": ["WARN TA200"], SIGMOIDS: ["issue VANISH"]}
    score = scoring.peer("a peer", said, rows)
    assert (score.healthy, score.named) == (Share(0, 1), Share(1, 1))


def test_intervals_are_those_of_clopper_and_pearson():
    # 0 of n: 1 − 0.025^(1/n). 5 of 10, from tables: 0.1871 … 0.8129.
    assert Share(0, 60).interval()[1] == pytest.approx(1 - 0.025 ** (1 / 60))
    assert Share(60, 60).interval()[0] == pytest.approx(0.025 ** (1 / 60))
    assert Share(5, 10).interval() == pytest.approx((0.1871, 0.8129), abs=1e-4)


def test_delays_of_what_was_never_said_do_not_count():
    assert scoring.delay([11, 21, None, 31]) == (21, 31)
    assert math.isnan(scoring.delay([None])[0])


# -- the committed results ----------------------------------------------------------------------


def test_results_hold_every_case_once_a_seed_and_batch_size():
    rows = results.read()
    trials = Counter(one.trial for one in rows)
    assert max(trials.values()) == 1
    known = scoring.by_name()
    assert {one.case for one in rows} <= set(known)
    first = {one.case for one in rows if one.seed == 0 and one.batches == 1}
    assert first == set(known)


def test_the_page_shows_what_the_results_say():
    page = report.page("")
    score = scoring.ours(scoring.first_runs(results.read()))
    assert f"({score.noticed.hits} of {score.noticed.of};" in page
    assert f"({score.healthy.hits} of {score.healthy.of};" in page

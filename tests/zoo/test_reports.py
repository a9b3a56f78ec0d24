"""Other people's faults: the table, labels and scores; one case is trained."""

from __future__ import annotations

import pytest

from stetho.diagnose.rule import all_rules
from stetho.record import CAUSES
from zoo.reports import judging, page
from zoo.reports.judging import Row, label, right
from zoo.reports.kinds import KINDS
from zoo.reports.running import OUTCOMES, Trial, outcomes, plain, skill_of, trials
from zoo.reports.table import ENOUGH, HERE, SEEDS, reports

CASES = reports()
RULES = {rule.name for rule in all_rules()}


def skills(fault, twin):
    """One case's skills on three seeds."""
    pairs = zip(trials(CASES[:1]), [*fault, *twin], strict=True)
    return {trial.name: skill for trial, skill in pairs}


def row(case, rule, cause):
    return Row(
        trial=f"{case.name}-fault@0",
        case=case.name,
        form="fault",
        learning="stuck",
        alarms=((rule, "fault", cause),),
        rule=rule,
        cause=cause,
        verdict="",
    )


def test_each_case_has_a_script_a_kind_and_a_source_of_its_own():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert {case.kind for case in CASES} <= set(KINDS)
    assert {case.measure for case in CASES} <= set(ENOUGH)
    assert all(case.source.startswith("https://") for case in CASES)
    assert {file.stem for file in HERE.glob("c*.py") if file.stem[1:].isdigit()} == set(names)


def test_no_script_knows_of_stetho():
    for case in CASES:
        text = case.script.read_text()
        assert not any(word in text for word in ("stetho", "zoo")), case.name


@pytest.mark.parametrize("kind", KINDS)
def test_right_answers_are_rules_and_causes_that_exist(kind):
    assert set(KINDS[kind].rules) <= RULES
    assert set(KINDS[kind].causes) <= set(CAUSES)


def test_a_label_is_that_of_most_seeds_and_of_the_one_that_is_diagnosed():
    case = CASES[0]
    learned = (0.9, 0.9, 0.9)
    assert label(case, skills((0.0, 0.1, 0.8), learned)) == "fault"
    assert label(case, skills((0.8, 0.1, 0.0), learned)) == "undecided"
    assert label(case, skills((0.5, 0.5, 0.0), learned)) == "weak"
    assert label(case, skills(learned, learned)) == "harmless"
    assert label(case, skills((0.0, 0.0, 0.0), (0.1, 0.1, 0.9))) == "undecided"
    assert label(case, {}) == ""


def test_a_right_rule_with_a_wrong_cause_is_not_right():
    case = next(case for case in CASES if case.kind == "mode")
    rule, cause = case.answer.rules[0], case.answer.causes[0]
    assert right(case, row(case, rule, cause))
    assert not right(case, row(case, rule, "labels"))
    assert not right(case, row(case, "frozen-layer", cause))


def test_both_halves_have_cases_and_the_hash_decides():
    halves = {case.name: case.half for case in CASES}
    assert (halves["c01"], halves["c02"]) == ("calibrate", "report")


def test_every_case_has_outcomes_on_all_seeds():
    assert {trial.name for trial in trials(CASES)} == set(outcomes())
    assert all(label(case, outcomes()) for case in CASES)
    assert OUTCOMES.read_text().count("\n") == 2 * len(SEEDS) * len(CASES)


def test_results_are_of_cases_that_exist():
    assert {row.trial for row in judging.read()} <= {one.name for one in trials(CASES)}


def test_the_last_line_gives_the_skill():
    assert skill_of("epoch 1\nskill 0.25\n") == 0.25
    with pytest.raises(ValueError, match="skill"):
        skill_of("epoch 1\n")


def test_a_script_trains_as_its_committed_outcome_says():
    case = next(case for case in CASES if case.name == "c06")
    for form in ("fault", "twin"):
        trial = Trial(case, form, 0)
        assert plain(trial) == pytest.approx(outcomes()[trial.name], abs=0.1)


def test_the_section_shows_what_the_results_say():
    text = page.section()
    assert page.shown(page.score("calibrate").noticed) in text
    assert all(f"[{case.name}](" in text for case in CASES)

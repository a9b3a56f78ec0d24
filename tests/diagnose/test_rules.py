"""What holds for every rule: its examples, its words, its limits."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from stetho.diagnose import diagnose, explain, rules
from stetho.diagnose.explaining import description
from stetho.diagnose.rule import all_rules
from stetho.diagnose.view import RunView
from stetho.errors import UsageError
from stetho.record import CAUSES, Run, Severity

RULES = Path(rules.__file__).parent
EACH = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)


def test_each_file_of_the_folder_holds_the_rule_of_its_name():
    files = {file.stem.replace("_", "-") for file in RULES.glob("[!_]*.py")}
    assert len(files) > 20
    assert [rule.name for rule in all_rules() if rule.name not in files] == []
    assert {rule.name for rule in all_rules()} == files


@EACH
def test_it_finds_what_is_present_and_is_silent_where_it_is_absent(rule):
    present = list(rule.check(RunView(type(rule).present())))
    assert [finding.rule for finding in present] == [rule.name]
    assert present[0].severity > Severity.NOTE
    assert list(rule.check(RunView(type(rule).absent()))) == []


@EACH
def test_no_rule_finds_anything_in_another_ones_healthy_example(rule):
    findings = diagnose(type(rule).absent()).findings
    assert [f.rule for f in findings if f.severity > Severity.NOTE] == []


@EACH
def test_every_finding_has_evidence_a_known_cause_and_remedies(rule):
    for finding in rule.check(RunView(type(rule).present())):
        assert re.search(r"\d", finding.message), "a number in every sentence"
        assert finding.message.endswith(".")
        assert finding.evidence
        assert any(not math.isnan(item.limit) for item in finding.evidence.values())
        assert set(finding.cause) <= set(CAUSES)
        assert sum(finding.cause.values()) == pytest.approx(1)
        assert all(share > 0 for share in finding.cause.values())
        for remedy in finding.remedies:
            assert re.search(r"\d", remedy.expected) or "a loss" in remedy.expected
        assert finding.remedies


@EACH
def test_its_docstring_is_a_page_of_the_manual(rule):
    first, *rest = description(rule)
    assert first.endswith("?")
    assert [paragraph.split(":")[0] for paragraph in rest] == [
        "Looks at",
        "Can look like it",
        "What helps",
    ]
    for limit in rule.limits.values():
        assert limit.of
        assert limit.source, "where each limit comes from"


@EACH
def test_explain_prints_it(rule):
    text = explain(rule.name)
    assert text.startswith(rule.name)
    for limit in rule.limits.values():
        assert f"{limit.value:g}: {limit.of.split()[0]}" in text
    assert max(map(len, text.splitlines())) <= 80


def test_explain_without_a_name_lists_the_rules_and_a_wrong_one_is_refused():
    assert explain().count("\n") == len(all_rules()) - 1
    with pytest.raises(UsageError, match="did you mean dead-units"):
        explain("dead-unit")


@EACH
def test_a_run_without_probes_or_losses_breaks_no_rule(rule):
    for run in (Run(), replace(type(rule).present(), probes=(), losses=(), loss_steps=())):
        list(rule.check(RunView(run)))
        assert diagnose(run).verdict


@EACH
def test_a_check_up_has_faults_only_where_it_is_certain(rule):
    run = replace(type(rule).present(), kind="check")
    faults = {f.rule for f in diagnose(run).findings if f.severity is Severity.FAULT}
    assert faults <= {"non-finite", "dead-units"}


@EACH
def test_in_a_network_that_learns_a_symptom_is_a_note(rule):
    if rule.name in ("non-finite", "not-learning") or rule.unseen_by_loss:
        return  # no number at all is a fault; the other cannot be
    learns = type(rule).absent().losses
    run = replace(type(rule).present(), losses=learns, loss_steps=tuple(range(len(learns))))
    assert [f for f in diagnose(run).findings if f.severity > Severity.NOTE] == []

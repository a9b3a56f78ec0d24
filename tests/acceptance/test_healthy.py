"""Must show 5: networks that train well get nothing above a note, whatever the seed."""

from __future__ import annotations

import pytest

from acceptance.runs import EXAMPLES, SCRIPTS, watched

HEALTHY = sorted((SCRIPTS / "healthy").glob("*.py"))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("script", HEALTHY, ids=lambda script: script.stem)
def test_nothing_above_a_note(script, seed, tmp_path):
    outcome = watched(script, seed, cwd=tmp_path)
    assert outcome.code == 0, outcome.stderr
    assert outcome.result["learning"] == "learns"
    assert outcome.alarms == []
    assert outcome.result["sites"], "something was looked at"


@pytest.mark.parametrize("name", ["healthy_cnn", "tiny_gpt"])
def test_the_healthy_examples_are_quiet(name, tmp_path):
    outcome = watched(EXAMPLES / f"{name}.py", cwd=tmp_path)
    assert outcome.alarms == []
    assert outcome.result["learning"] == "learns"


SICK = {
    "deep_sigmoid": ("vanishing-gradient", "slope"),
    "dying_relu": ("dead-units", "learning-rate"),
    "saturated_tanh": ("saturated", "weights"),
    "unscaled_input": ("unscaled-input", "input"),
}


@pytest.mark.parametrize("name", SICK)
def test_the_sick_examples_are_told_with_their_cause(name, tmp_path):
    outcome = watched(EXAMPLES / f"{name}.py", cwd=tmp_path)
    rule, cause = SICK[name]
    first = outcome.result["findings"][0]
    assert (first["rule"], max(first["cause"], key=first["cause"].get)) == (rule, cause)
    assert first["severity"] != "note"

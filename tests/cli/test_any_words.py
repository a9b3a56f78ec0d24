"""Any words after `stetho`, and any recipe: an answer or a refusal, never a traceback."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stetho.cli import main
from stetho.errors import StethoError
from stetho.trials.recipe import parse

COMMANDS = ("run", "check", "report", "explain", "predict", "compare", "choose")
OPTIONS = (
    *("--json", "--html", "-o", "--every", "--budget", "--fail-on", "--with", "-m", "--steps"),
    *("--candidates", "--seeds", "--stack", "--width", "--depth", "--all-sites", "--batches"),
    *("--only", "--engine", "--resume", "--data", "--version", "--", "-", "--nothing"),
)
odd = st.text(max_size=12).filter(lambda text: "\0" not in text)
numbers = st.one_of(st.integers(), st.floats()).map(str)
words = st.lists(st.one_of(st.sampled_from(OPTIONS), odd, numbers), max_size=6)
parts = st.sampled_from(
    ["relu", "elu", "critical", "he", "+", "(", ")", "=", ",", "0.1", " ", "norm"]
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(command=st.sampled_from(COMMANDS), rest=words)
def test_any_words_are_answered_or_refused(command, rest, capsys):
    code = main([command, *rest])
    told = capsys.readouterr()
    assert code in (0, 1, 2), told.err
    assert "Traceback" not in told.err
    if code == 2:
        assert told.err.strip(), "a refusal says why"
    assert len(os.listdir()) <= 2, os.listdir()


@given(text=st.one_of(odd, st.lists(parts, max_size=8).map("".join)))
def test_any_recipe_is_understood_or_refused(text):
    try:
        recipe = parse(text)
    except StethoError:
        return
    assert parse(recipe.name).name == recipe.name

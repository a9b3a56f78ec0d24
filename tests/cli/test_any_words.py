"""Whatever stands on the command line or in a recipe: an answer or a refusal, never a traceback."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stetho.cli import main
from stetho.errors import StethoError
from stetho.trials.recipe import Recipe, parse

PIECES = (*"elu relu alpha = 0.5 : + he batchnorm , nan -1 é".split(), "\x00")
recipes = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=20)
COMMANDS = ("explain", "predict", "report", "compare", "choose", "check", "run", "--version")
OPTIONS = "--json --html -o --every --budget --activation --depth -m --help".split()
VALUES = ("", "-1", "0", "nan", "2%", "x.py", "/nowhere/x.py", "elu", "\u202e", "50")
words = st.lists(st.sampled_from((*OPTIONS, *VALUES)), max_size=4)


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Some command lines name files that are to be written."""
    monkeypatch.chdir(tmp_path)


@given(recipes)
def test_a_recipe_is_read_or_refused(text):
    with suppress(StethoError):
        assert isinstance(parse(text), Recipe)


@pytest.mark.usefixtures("elsewhere")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(COMMANDS), words)
def test_a_command_line_ends_with_one_of_the_exit_codes(command, words):
    assert os.path.isdir(".")
    assert main([command, *words]) in (0, 1, 2, 3)

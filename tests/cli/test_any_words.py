"""Whatever stands on the command line or in a recipe: an answer or a refusal, never a traceback."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from stetho.cli import main
from stetho.errors import StethoError
from stetho.trials.recipe import Recipe, parse

PIECES = (
    "elu",
    "relu",
    "alpha",
    "=",
    "0.5",
    ":",
    "+",
    "he",
    "batchnorm",
    ",",
    "nan",
    "-1",
    "\x00",
    "é",
)
recipes = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=20)
COMMANDS = ("explain", "predict", "report", "compare", "choose", "check", "run", "--version")
OPTIONS = (
    "--json",
    "--html",
    "-o",
    "--every",
    "--budget",
    "--activation",
    "--depth",
    "-m",
    "--help",
)
VALUES = ("", "-1", "0", "nan", "2%", "x.py", "/nowhere/x.py", "elu", "\u202e", "50")
lines = st.tuples(
    st.sampled_from(COMMANDS), st.lists(st.sampled_from((*OPTIONS, *VALUES)), max_size=4)
)


@given(recipes)
def test_a_recipe_is_read_or_refused(text):
    with suppress(StethoError):
        assert isinstance(parse(text), Recipe)


@settings(max_examples=60, deadline=None)
@given(lines)
def test_a_command_line_ends_with_one_of_the_exit_codes(tmp_path_factory, line):
    command, words = line
    assert main([command, *words]) in (0, 1, 2, 3)

"""Commands of launchers → the same, under watch; and what is left alone."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from stetho.errors import UsageError
from stetho.observe.ranks import MEETING
from stetho.running.children import AGENT, PARENT, Settings, _as_rank

PYTHON = sys.executable
RANK = {"LOCAL_RANK": "1", "PATH": "/bin", AGENT: "True"}
STETHO = ["-m", "stetho", "run", "--budget=0.02", "--with=elu"]


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    (tmp_path / "train.py").write_text("")
    return Settings(str(tmp_path / "run.stetho"), 0.02, None, "elu")


RANKS = {
    "torchrun": ([PYTHON, "-u", "train.py", "--lr", "1"], 2),
    "a module": ([PYTHON, "-m", "package.train", "-m"], 1),
    "options with a value": ([PYTHON, "-X", "dev", "-W", "ignore", "-O", "train.py"], 6),
    "a tuple": ((PYTHON, "train.py"), 1),
}


@pytest.mark.parametrize("name", RANKS)
def test_a_rank_is_run_under_watch(settings, name):
    command, place = RANKS[name]
    got, environment = _as_rank(command, RANK, settings)
    assert got == [*command[:place], *STETHO, *command[place:]]
    assert environment == {**RANK, PARENT: settings.file, MEETING: settings.meeting}
    assert PARENT not in RANK, "the launcher's own mapping is left as it is"


LEFT_ALONE = {
    "no rank": ([PYTHON, "train.py"], {"PATH": "/bin"}),
    "our own environment": ([PYTHON, "train.py"], None),
    "a shell command": ("python train.py", RANK),
    "another program": (["/bin/ls", "train.py"], RANK),
    "code in the command": ([PYTHON, "-c", "import torch", "train.py"], RANK),
    "a script that is not there": ([PYTHON, "absent.py"], RANK),
    "stetho itself": ([PYTHON, "-m", "stetho", "run", "train.py"], RANK),
    "no script": ([PYTHON, "-V"], RANK),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_no_rank_is_left_alone(settings, name):
    command, environment = LEFT_ALONE[name]
    assert _as_rank(command, environment, settings) is None


def test_a_recipe_for_ranks_that_meet_by_themselves_is_refused(settings):
    with pytest.raises(UsageError, match=r"ranks that torchrun or accelerate starts.*train\.py"):
        _as_rank([PYTHON, "train.py"], {"LOCAL_RANK": "1"}, settings)
    got = _as_rank([PYTHON, "train.py"], {"LOCAL_RANK": "1"}, replace(settings, recipe=None))
    assert got is not None


def test_a_tool_that_a_rank_starts_is_no_rank(settings, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert _as_rank([PYTHON, "train.py"], RANK, settings) is None

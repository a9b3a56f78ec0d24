"""Scripts of every kind that torch has end under `stetho run --every 1` as they end without it.

Equal are stdout (which holds hashes of weights and random states, counts of hooks, of objects that
are alive, and of what is left at the exit), stderr up to stetho's report, exit code and files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from unchanged.differing import DIFFERING, NOTHING_SEEN
from unchanged.running import PLAIN, SCRIPTS, WATCHED, ForkServer, Outcome, by_command_line

NAMES = sorted(file.stem for file in SCRIPTS.glob("*.py") if file.stem not in ("state",))
BY_COMMAND_LINE = ("lstm_packed", "exit_code", "warnings_are_errors", "raises")


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    server = ForkServer()
    yield server
    server.stop()


def marked(name: str):
    reason = DIFFERING.get(name)
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(name, marks=marks, id=name)


@pytest.mark.parametrize("name", [marked(name) for name in NAMES])
def test_a_script_runs_as_it_does_without_stetho(name, server, tmp_path):
    script = SCRIPTS / f"{name}.py"
    plain = server.run(script, PLAIN, tmp_path / PLAIN)
    ours = server.run(script, WATCHED, tmp_path / WATCHED)
    assert "state" in plain.stdout or plain.code, f"{name} does not come to its end: {plain.stderr}"
    assert_equal(plain, ours)
    assert_watched(name, ours)


@pytest.mark.parametrize("name", [marked(name) for name in BY_COMMAND_LINE])
def test_a_script_runs_as_it_does_by_a_command_line_of_its_own(name, tmp_path):
    script = SCRIPTS / f"{name}.py"
    plain = by_command_line(script, PLAIN, tmp_path / PLAIN)
    ours = by_command_line(script, WATCHED, tmp_path / WATCHED)
    assert_equal(plain, ours)
    assert_watched(name, ours)


def assert_equal(plain: Outcome, ours: Outcome) -> None:
    assert ours.stdout == plain.stdout
    assert ours.stderr.startswith(plain.stderr), ours.stderr
    assert "Warning" not in ours.stderr[len(plain.stderr) :], "a warning that plain Python has not"
    assert "Traceback" not in ours.stderr[len(plain.stderr) :]
    assert ours.code == plain.code
    assert ours.files == plain.files
    assert ours.temporary == plain.temporary


def assert_watched(name: str, ours: Outcome) -> None:
    """Equal because nothing was watched would prove nothing."""
    assert ours.result is not None, ours.stderr
    assert ours.result["faults"] == []
    seen = bool(ours.result["overhead"]["probes"] and ours.result["sites"])
    assert seen is (name not in NOTHING_SEEN), ours.result["report"]


def test_each_name_of_the_tables_is_that_of_a_script():
    assert {*DIFFERING, *NOTHING_SEEN, *BY_COMMAND_LINE} <= set(NAMES)

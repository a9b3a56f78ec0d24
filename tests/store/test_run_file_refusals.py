"""What is not a whole run file of ours is refused with one sentence, and never breaks out else."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path

import pytest

from stetho.errors import RunFileError
from stetho.record import Function, Overhead, Probe, Run, Site, SiteStats
from stetho.store import RunWriter, read_diagnosis, read_run, save_run


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.stetho"
    stats = SiteStats(z_mean=1.0, histogram=(1.0,) * 81)
    names = [f"layers.{index}/relu" for index in range(40)]
    run = Run(
        finished=True,
        sites=tuple(
            Site(name=name, function=Function(name="relu"), index=at)
            for at, name in enumerate(names)
        ),
        probes=tuple(
            Probe(step=step, time=0.0, sites=dict.fromkeys(names, stats)) for step in range(5)
        ),
        loss_steps=tuple(range(1000)),
        losses=(1.0,) * 1000,
        overhead=Overhead(),
    )
    save_run(path, run)
    return path


def refused(path: Path, *words: str) -> None:
    for read in (read_run, read_diagnosis):
        with pytest.raises(RunFileError) as caught:
            read(path)
        message = str(caught.value)
        assert str(path) in message
        assert "\n" not in message
        for word in words:
            assert word in message


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "none.stetho", "no run file", "check the path")


def test_directory(tmp_path: Path) -> None:
    refused(tmp_path, "is a directory", "name the file")


def test_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.stetho"
    path.touch()
    refused(path, "is empty")


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text("import torch\n")
    refused(path, "no run file", "b'import t'", ".stetho")


def test_pickle_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"\x80\x04cos\nsystem\n(S'touch broken'\ntR.")
    refused(path, "no run file")


def test_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE header (key, value)")
    file.close()
    refused(path, "another program", "0x53544554")


def test_newer_version(whole: Path) -> None:
    with sqlite3.connect(whole) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    refused(whole, "newer stetho", "got 99", "upgrade")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_cut_off(whole: Path, share: float) -> None:
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * share)])
    refused(whole, "damaged or cut off", "copy it again")


def test_any_damage_is_told_as_such(whole: Path) -> None:
    """100 files with 20 wrong bytes each: read, or refused by our own error; nothing else."""
    content = whole.read_bytes()
    draw = random.Random(0)
    outcomes: set[type] = set()
    for _ in range(100):
        damaged = bytearray(content)
        for _ in range(20):
            damaged[draw.randrange(100, len(damaged))] = draw.randrange(256)
        whole.write_bytes(damaged)
        try:
            outcomes.add(type(read_run(whole)))
        except RunFileError as error:
            outcomes.add(type(error))
    assert RunFileError in outcomes


def test_a_broken_histogram(whole: Path) -> None:
    with sqlite3.connect(whole) as file:
        file.execute("UPDATE probe SET histograms = x'0102030405'")
    file.close()
    with pytest.raises(RunFileError, match="damaged or cut off"):
        read_run(whole)


def test_reading_changes_nothing(whole: Path) -> None:
    before = whole.read_bytes()
    read_run(whole)
    assert whole.read_bytes() == before
    assert [path.name for path in whole.parent.iterdir()] == [whole.name]


def test_names_that_sqlite_would_take_for_options(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=memory#%20 ü.stetho"
    save_run(path, Run(command="x"))
    assert read_run(path).command == "x"


def test_no_file_of_others_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    with pytest.raises(RunFileError, match="left as it is"):
        RunWriter(path, Run())
    assert path.read_text() == "years of work"


def test_a_run_file_is_replaced(whole: Path) -> None:
    save_run(whole, Run(command="second"))
    run = read_run(whole)
    assert (run.command, run.probes) == ("second", ())


def test_folders_are_made(tmp_path: Path) -> None:
    save_run(tmp_path / "a" / "b" / "run.stetho", Run(command="x"))
    assert read_run(tmp_path / "a" / "b" / "run.stetho").command == "x"


@pytest.mark.parametrize("place", ["file/run.stetho", "folder", "/proc/run.stetho"])
def test_a_place_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    if place.startswith("/proc") and not os.path.isdir("/proc"):
        pytest.skip("no /proc here")
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunFileError, match="choose another"):
        RunWriter(tmp_path / place, Run())

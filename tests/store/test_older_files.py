"""Files that older versions wrote still open, and say what they said."""

from __future__ import annotations

from pathlib import Path

import pytest

from stetho.choosing import read_choice
from stetho.cli import main
from stetho.store import read_diagnosis, read_run

FILES = sorted((Path(__file__).parents[1] / "fixtures" / "run-files").glob("*.stetho"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_an_older_version_opens(file, capsys):
    assert main(["report", str(file)]) == 0
    told = capsys.readouterr().out
    assert "python train.py" in told or "stetho choose train.py" in told
    if file.stem.startswith("race"):
        choice = read_choice(file).choice
        assert choice.winner
        assert len(choice.candidates) == 3
        return
    run, diagnosis = read_run(file), read_diagnosis(file)
    assert len(run.losses) == 60
    assert [site.function.name for site in run.sites] == ["sigmoid", "relu"]
    assert run.probes[-1].sites[run.sites[0].name].up_rms > 0
    assert diagnosis.verdict.startswith("Learning:")


def test_there_are_files_of_some_versions():
    assert len(FILES) >= 4

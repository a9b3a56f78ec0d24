"""The whole text and the whole JSON of hand-made runs, as files to look at.

`STETHO_OVERWRITE_GOLDEN=1 pytest tests/report` writes them anew; look at the diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stetho.record import Diagnosis, Run
from stetho.report import json_form, terminal_text
from stetho.store import read_diagnosis, read_run, save_run

GOLDEN = Path(__file__).parents[1] / "golden"
Named = tuple[str, Run, Diagnosis]


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STETHO_STRICT", "1")


def held_against(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("STETHO_OVERWRITE_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def as_text(run: Run, diagnosis: Diagnosis) -> str:
    return terminal_text(run, diagnosis, file=Path("stetho-runs/my train.stetho"))


def as_json(run: Run, diagnosis: Diagnosis) -> str:
    form = json_form(run, diagnosis)
    return json.dumps(form, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def test_terminal(case: Named) -> None:
    name, run, diagnosis = case
    held_against(f"{name}.txt", as_text(run, diagnosis))


def test_json(case: Named) -> None:
    name, run, diagnosis = case
    held_against(f"{name}.json", as_json(run, diagnosis))


def test_the_same_from_the_run_file(case: Named, tmp_path: Path) -> None:
    """What `stetho report FILE` prints is what was printed at the end of the run."""
    _, run, diagnosis = case
    save_run(tmp_path / "run.stetho", run, diagnosis)
    again, said = read_run(tmp_path / "run.stetho"), read_diagnosis(tmp_path / "run.stetho")
    assert said is not None
    assert as_text(again, said) == as_text(run, diagnosis)

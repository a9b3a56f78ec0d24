"""`stetho article` as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.runs import stetho
from stetho.article import ORDER, find
from stetho.errors import UsageError

WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sklearn":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
"""


def ids(*given: str) -> list[str]:
    return list(find(given))


def test_claims_are_found_by_id_in_any_case_and_by_group() -> None:
    assert ids("b1") == ids("B1") == ["B1"]
    assert ids("lstm") == ["LSTM"]
    assert ids("B") == ["B1", "B2", "B3", "B4", "B5"]
    assert ids("advice") == ["advice-1", "advice-2", "advice-3", "advice-4"]
    assert ids("E2", "A", "a1") == ["A1", "A2", "A3", "E2"]
    assert ids() == list(ORDER)


def test_an_unknown_claim_is_refused() -> None:
    with pytest.raises(UsageError, match=r"expected a claim of the article.*got 'X9'"):
        find(["X9"])


def test_one_claim(tmp_path: Path) -> None:
    ran = stetho("article", "--claim", "b1", "--json", "a.json", "--html", "a.html", cwd=tmp_path)
    assert ran.code == 0
    assert "B1" in ran.stdout
    assert "holds in part" in ran.stdout
    form = json.loads((tmp_path / "a.json").read_text())
    (claim,) = form["claims"]
    assert {"id", "verdict", "criterion", "measured"} <= set(claim)
    assert (claim["id"], claim["verdict"]) == ("B1", "holds in part")
    greatest = claim["measured"][2]
    assert greatest["value"] == greatest["low"] == greatest["high"] == 0.25
    assert greatest["answer"] == "no"
    assert "B1 · The sigmoid&#x27;s slope" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_refusals(tmp_path: Path) -> None:
    ran = stetho("article", "nonsense", cwd=tmp_path)
    assert (ran.code, ran.stdout) == (2, "")
    assert "got 'nonsense'" in ran.stderr
    ran = stetho("article", "B1", "--html", "no/such/folder.html", cwd=tmp_path)
    assert ran.code == 2
    assert "--html" in ran.stderr


def test_without_scikit_learn_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    ran = subprocess.run(
        [sys.executable, "-m", "stetho", "article", "B1"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "pip install 'stetho[article]'" in ran.stderr
    assert "Traceback" not in ran.stderr

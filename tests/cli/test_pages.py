"""Commands that write or serve pages: options, refusals, what they load."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.runs import stetho
from cli.test_commands import MODEL, SICK
from pages.runs import sick_run
from stetho.diagnose import diagnose
from stetho.store import save_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(SICK)
    (tmp_path / "model.py").write_text(MODEL)
    for name, run in (("a", sick_run()), ("b", sick_run(slope=0.7, weight=1.4))):
        save_run(tmp_path / f"{name}.stetho", run, diagnose(run))
    return tmp_path


def test_run_and_report_write_the_same_page(folder: Path) -> None:
    ran = stetho("run", "-o", "t.stetho", "--html", "t.html", "train.py", cwd=folder)
    assert (ran.code, ran.stdout) == (0, "done\n"), "stdout is the script's"
    assert "Wrote t.html: open it in any browser." in ran.stderr
    again = stetho("report", "t.stetho", "-o", "again.html", cwd=folder)
    assert (again.code, again.stdout) == (0, "")
    assert (folder / "t.html").read_text() == (folder / "again.html").read_text()


def test_report_beside_the_run_file(folder: Path) -> None:
    done = stetho("report", "a.stetho", "--html", "--text", cwd=folder)
    assert "vanishing-gradient" in done.stdout
    assert "vanishing-gradient" in (folder / "a.stetho.html").read_text()
    assert "FAULT" in stetho("report", "a.stetho", cwd=folder).stdout


def test_pages_need_no_torch(folder: Path) -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\nsys.modules['numpy'] = None\n"
        "from stetho.cli import main\n"
        "codes = [main(['report', 'a.stetho', '-o', 'a.html']),\n"
        "  main(['compare', 'a.stetho', 'b.stetho', '--html', 'b.html'])]\n"
        "import stetho.live.server\n"
        "assert codes == [0, 0]"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "<html" in (folder / "a.html").read_text()
    assert "<html" in (folder / "b.html").read_text()


def test_check_and_predict_write_pages(folder: Path) -> None:
    target = ["model.py:build", "--data", "model.py:pair"]
    checked = stetho("check", *target, "--html", "check.html", cwd=folder)
    assert checked.code == 0, checked.stderr
    assert '"gradient_band"' in (folder / "check.html").read_text(), "theory's band is in it"
    predicted = stetho(
        "predict", *target, "--activation", "elu,tanh", "--html", "p.html", cwd=folder
    )
    assert predicted.code == 0, predicted.stderr
    assert "With tanh at every site" in (folder / "p.html").read_text()
    stack = stetho("predict", "--activation", "relu,sigmoid", "--html", "s.html", cwd=folder)
    assert stack.code == 0, stack.stderr
    assert "1 of 2 functions carry signal and gradient" in (folder / "s.html").read_text()


def test_compare(folder: Path) -> None:
    done = stetho("compare", "a.stetho", "b.stetho", "--json", "c.json", cwd=folder)
    assert done.code == 0, done.stderr
    assert "In A alone: vanishing-gradient" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert json.loads((folder / "c.json").read_text())["schema"] == "stetho/compare/1"


REFUSALS = {
    "html nowhere": (["run", "--html", "no/folder/a.html", "train.py"], "--html FILE in a folder"),
    "report nowhere": (["report", "a.stetho", "-o", "no/folder/a.html"], "-o FILE in a folder"),
    "no such run": (["compare", "a.stetho", "absent.stetho"], "absent.stetho"),
    "nothing to view": (["view", "absent"], "there is no absent"),
    "no such host": (["view", ".", "--host", "256.1.1.1"], "--port"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(folder: Path, name: str) -> None:
    arguments, says = REFUSALS[name]
    refused = stetho(*arguments, cwd=folder)
    assert refused.code == 2, refused.stderr
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_view_without_its_libraries_says_what_to_install(folder: Path) -> None:
    code = (
        "import sys\nsys.modules['starlette'] = None\nfrom stetho.cli import main\n"
        "sys.exit(main(['view', '.']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'stetho[live]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["compare", "view", "report", "predict"])
def test_help_has_an_example(command: str, tmp_path: Path) -> None:
    text = stetho(command, "--help", cwd=tmp_path).stdout
    assert "Example" in text
    assert f"stetho {command}" in text


HOSTILE = ["<script>alert(1)</script>/sigmoid", "x" * 300 + "/sigmoid", "=1+1/sigmoid"]


def test_hostile_names_in_the_terminal(folder: Path) -> None:
    run = sick_run([*HOSTILE, *(f"layers.{place}/sigmoid" for place in range(9))])
    save_run(folder / "h.stetho", run, diagnose(run))
    text = stetho("report", "h.stetho", "--all-sites", cwd=folder).stdout
    assert "<script>alert(1)</script>/sigmoid" in "".join(text.split()), "shown as it is"
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"x{10,}…x{10,}/sigmoid", text), "300 characters are cut in the middle"

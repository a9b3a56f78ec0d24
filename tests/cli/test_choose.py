"""`stetho choose` as a user meets it: verdict, JSON, interruption, refusals."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from acceptance.runs import stetho
from scripts import FATES, small

pytestmark = pytest.mark.xdist_group("races")
RACE = ("choose", "--candidates", "relu,elu", "--steps", "20")


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    folder = tmp_path_factory.mktemp("raced")
    small(folder, FATES["raises"], report="import stetho; stetho.log(val_acc=-float(held))")
    files = ("--json", "choice.json", "--html", "choice.html", "-o", "race.stetho")
    return folder, stetho(*RACE, "--metric", "training-loss", *files, "small.py", cwd=folder)


def test_the_verdict_is_printed_and_every_candidate_has_its_row(raced) -> None:
    _, ran = raced
    assert ran.code == 0, ran.stderr
    for said in ("Candidates", "relu", "elu", "raised", "no ELU in here", "Advice", "full grid"):
        assert said in ran.stdout
    assert "short rung: 9 trials of 20 steps" in ran.stderr


def test_json_has_what_the_contract_names(raced) -> None:
    folder, _ = raced
    form = json.loads((folder / "choice.json").read_text())
    assert {"winner", "tie", "score", "candidates", "compute", "schema"} <= set(form)
    assert form["schema"] == "stetho/choose/1"
    assert set(form["compute"]) >= {"steps", "full_grid_steps"}
    named = {"name", "score", "difference", "interval", "p", "pairs", "step_cost", "status", "why"}
    assert all(named <= set(row) for row in form["candidates"])
    assert {row["name"] for row in form["candidates"]} == {"tanh", "relu", "elu"}
    (elu,) = (row for row in form["candidates"] if row["name"] == "elu")
    assert elu["status"] == "raised"


def test_the_race_file_is_printed_again_by_report(raced) -> None:
    folder, ran = raced
    again = stetho("report", "race.stetho", cwd=folder)
    assert again.code == 0, again.stderr
    assert again.stdout == ran.stdout


def test_the_page_is_written(raced) -> None:
    folder, _ = raced
    page = (folder / "choice.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "no ELU in here" in page


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(tmp_path: Path) -> None:
    small(tmp_path, epochs=60)
    command = [sys.executable, "-m", "stetho", *RACE[:3], "-o", "race.stetho", "small.py"]
    with open(tmp_path / "said", "w") as said:
        race = subprocess.Popen(
            command,
            cwd=tmp_path,
            stderr=said,
            stdout=subprocess.DEVNULL,
            preexec_fn=_heed_interrupts,
        )
        while _trials(tmp_path / "race.stetho") < 3 and race.poll() is None:
            time.sleep(0.05)
        race.send_signal(signal.SIGINT)
        assert race.wait(60) == 130
    kept = _trials(tmp_path / "race.stetho")
    assert kept >= 3
    told = (tmp_path / "said").read_text()
    assert "stetho choose --resume race.stetho" in told
    early = stetho("report", "race.stetho", cwd=tmp_path)
    assert early.code == 2
    assert "--resume" in early.stderr
    rest = stetho("choose", "--resume", "race.stetho", cwd=tmp_path)
    assert rest.code == 0, rest.stderr
    assert "a look at the script" not in rest.stderr  # that, too, is in the file
    assert _trials(tmp_path / "race.stetho") > kept
    (tmp_path / "small.py").write_text("# another script\n")
    other = stetho("choose", "--resume", "race.stetho", cwd=tmp_path)
    assert other.code == 2
    assert "has changed since" in other.stderr


def _heed_interrupts() -> None:
    """A shell that runs the tests in the background has them ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _trials(file: Path) -> int:
    if not file.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
            return int(opened.execute("SELECT count(*) FROM trial").fetchone()[0])
    except sqlite3.Error:  # it is being made
        return 0


def test_a_metric_that_the_script_logs_is_the_score(tmp_path: Path) -> None:
    small(tmp_path, report="import stetho; stetho.log(val_acc=1 - float(held))")
    ran = stetho(*RACE, "--engine", "local", "--json", "-", "small.py", cwd=tmp_path)
    form = json.loads(ran.stdout[ran.stdout.index("\n{") :])
    assert (form["score"], form["lower_is_better"]) == ("val_acc", False)
    told = {row["name"]: row for row in form["candidates"]}
    assert told["tanh"]["score"] == pytest.approx(1 - told["tanh"]["heldout"], abs=1e-6)


def test_a_metric_that_is_never_reported_is_refused(tmp_path: Path) -> None:
    small(tmp_path)
    for arguments in ([], ["--steps", "20"]):  # before the race, and where that is too early to say
        ran = stetho("choose", "--metric", "val_f1", *arguments, "small.py", cwd=tmp_path)
        assert ran.code == 2
        assert "stetho.log(val_f1=…)" in ran.stderr


def test_run_with_a_recipe_trains_with_its_function(tmp_path: Path) -> None:
    small(tmp_path)
    ran = stetho("run", "--with", "elu", "--json", "run.json", "small.py", cwd=tmp_path)
    assert ran.code == 0, ran.stderr
    assert "tanh was replaced by elu at 2 sites" in ran.stderr
    sites = json.loads((tmp_path / "run.json").read_text())["sites"]
    assert [site["function"] for site in sites] == ["elu", "elu"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.py"], "no file"),
        (["--candidates", "rleu", "small.py"], "did you mean"),
        (["--candidates", "swiglu", "small.py"], "halves its input"),
        (["--candidates", "elu+good", "small.py"], r"\+good"),
        (["--budget", "soon", "small.py"], "--budget such as"),
        (["--lr-grid", "fast", "small.py"], "--lr-grid"),
        (["--engine", "cloud", "small.py"], "process, local, ray"),
        (["--pairs", "5", "small.py"], "--pairs of 6 or more"),
        ([], "expected a script"),
        (["--resume", "small.py"], "no run file"),
        (["linear.py"], "no hidden activation function|expected a hidden"),
        (["idle.py"], "no optimizer took a step"),
        (["broken.py"], "expected a script that runs by itself"),
        (["--replace", "gelu", "small.py"], "expected a hidden"),
    ],
)
def test_refusals_say_what_to_do_and_nothing_is_raced(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    import re

    small(tmp_path)
    (tmp_path / "idle.py").write_text("import torch\n")
    (tmp_path / "broken.py").write_text("import torch\nraise ValueError('broken')\n")
    linear = (tmp_path / "small.py").read_text().replace("nn.Tanh(), ", "")
    (tmp_path / "linear.py").write_text(linear)
    ran = stetho("choose", "--steps", "20", *arguments, cwd=tmp_path)
    assert ran.code == 2
    assert re.search(says, ran.stderr), ran.stderr
    assert "short rung" not in ran.stderr


def test_a_program_may_race_a_function_of_its_own(tmp_path: Path) -> None:
    text = tmp_path / "program.py"
    small(tmp_path)
    body = (tmp_path / "small.py").read_text().split("\n", 3)[3]
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    text.write_text(
        "import torch, stetho\nfrom torch import nn\n\ndef train():\n"
        + indented
        + "\n\nchoice = stetho.choose(train, ['relu', 'elu'], steps=20)\n"
        "print(choice.winner, len(choice.choice.candidates))\nprint(choice)\n"
    )
    environment = {**os.environ, "STETHO_STRICT": "1", "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    winner, count = ran.stdout.split("\n")[0].split()
    assert winner in ("tanh", "relu", "elu")
    assert count == "3"
    assert "Candidates" in ran.stdout


TANH_DIVERGES = "if isinstance(model[1], nn.Tanh) and epoch > 2: model[0].weight.data *= torch.nan"


def test_a_script_whose_own_loss_becomes_nan_is_raced(tmp_path: Path) -> None:
    small(tmp_path, TANH_DIVERGES)
    ran = stetho("choose", "--candidates", "relu,elu", "--json", "-", "small.py", cwd=tmp_path)
    assert ran.code == 0, ran.stderr
    form = json.loads(ran.stdout[ran.stdout.index("\n{") :])
    told = {row["name"]: row for row in form["candidates"]}
    assert form["winner"] in ("relu", "elu")
    assert (told["tanh"]["status"], told["tanh"]["score"]) == ("diverged", None)
    assert told["tanh"]["diverged"] == told["tanh"]["pairs"] >= 6
    assert form["diverged_score"] > told[form["winner"]]["score"]
    text = " ".join(ran.stdout.split())
    assert f"the unchanged tanh diverged on {told['tanh']['pairs']} of" in text


def test_where_every_candidate_diverges_there_is_no_verdict(tmp_path: Path) -> None:
    small(tmp_path, "if epoch > 0: model[0].weight.data *= torch.nan")
    page = tmp_path / "choice.html"
    ran = stetho("choose", "--candidates", "relu,elu", "--html", page, "small.py", cwd=tmp_path)
    assert ran.code == 0, ran.stderr
    said = " ".join(ran.stdout.split())
    assert "No verdict: every trial diverged" in said
    assert "--lr-grid 0.01,0.1,0.3" in said
    assert "Try it" not in said
    assert "None: lower the learning rate." in page.read_text()

"""The command line as a user meets it: options, exit codes, refusals, help."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from acceptance.runs import EXAMPLES, stetho

SICK = """
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(*[m for _ in range(12) for m in (torch.nn.Linear(16, 16),
    torch.nn.Sigmoid())], torch.nn.Linear(16, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(128, 16), torch.randint(0, 3, (128,))
for _ in range(150):
    loss = torch.nn.functional.cross_entropy(net(x), y)
    opt.zero_grad(); loss.backward(); opt.step()
print("done")
"""
MODEL = """
import torch
def build():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
def pair():
    return torch.randn(32, 4), torch.randint(0, 3, (32,))
def many():
    return iter([pair() for _ in range(5)])
def both():
    return build(), pair()
def wrong():
    return 7
NUMBER = 7
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text(SICK)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def test_run_writes_a_file_that_report_prints_again(folder):
    ran = stetho("run", "train.py", cwd=folder)
    assert (ran.code, ran.stdout) == (0, "done\n")
    (file,) = (folder / "stetho-runs").glob("train-*.stetho")
    again = stetho("report", file, cwd=folder)
    assert again.code == 0

    def body(text):
        return text.split("Run file")[0].strip()

    assert body(again.stdout) == body(ran.stderr)
    assert "FAULT vanishing-gradient" in again.stdout


def test_report_needs_no_torch(folder):
    stetho("run", "-o", "a.stetho", "train.py", cwd=folder)
    script = (
        "import sys\nsys.modules['torch'] = None\nsys.modules['numpy'] = None\n"
        "from stetho.cli import main\nsys.exit(main(['report', 'a.stetho', '--text']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "vanishing-gradient" in done.stdout


def test_json_has_what_the_contract_names(folder):
    stetho("run", "--json", "a.json", "train.py", cwd=folder)
    result = json.loads((folder / "a.json").read_text())
    assert {"schema", "verdict", "findings", "sites", "overhead"} <= set(result)
    finding = result["findings"][0]
    assert {
        *("rule", "severity", "sites", "first_step", "evidence", "cause", "remedies"),
    } <= set(finding)
    assert all({"value", "limit"} <= set(item) for item in finding["evidence"].values())
    assert all({"do", "expected"} <= set(item) for item in finding["remedies"])
    assert {
        *("name", "function", "z_mean", "z_std", "slope_factor", "weight_factor", "dead"),
        *("saturated_low", "saturated_high", "grad_rms"),
    } <= set(result["sites"][0])
    assert {"share", "probes", "steps"} <= set(result["overhead"])
    assert sum(finding["cause"].values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("severity", "code"), [("fault", 3), ("warning", 3), ("note", 3), (None, 0)]
)
def test_fail_on(folder, severity, code):
    options = ["--fail-on", severity] if severity else []
    assert stetho("run", *options, "train.py", cwd=folder).code == code


def test_fail_on_leaves_a_healthy_run_alone(tmp_path):
    assert (
        stetho("run", "--fail-on", "warning", EXAMPLES / "healthy_cnn.py", cwd=tmp_path).code == 0
    )


def test_check_a_model(folder):
    for arguments in (
        ["model.py:both"],
        ["model.py:build", "--data", "model.py:pair"],
        ["model:build", "--data", "model.py:many", "--batches", "3"],
    ):
        checked = stetho("check", *arguments, cwd=folder)
        assert checked.code == 0, checked.stderr
        assert "Check-up without training." in checked.stdout
        assert "1/relu" in checked.stdout


def test_a_module_runs_as_python_dash_m_does(folder):
    (folder / "pkg").mkdir()
    (folder / "pkg" / "__init__.py").write_text("")
    (folder / "pkg" / "train.py").write_text(SICK + "print(__name__, __package__)")
    ran = stetho("run", "-m", "pkg.train", cwd=folder)
    assert ran.stdout == "done\n__main__ pkg\n"
    assert "vanishing-gradient" in ran.stderr


REFUSALS = {
    "no script": (["run", "absent.py"], "no file absent.py"),
    "no module": (["run", "-m", "no_such_module"], "no_such_module"),
    "no such severity": (["run", "--fail-on", "bad", "train.py"], "note, warning, fault"),
    "no such budget": (["run", "--budget", "200%", "train.py"], "got '200%'"),
    "json nowhere": (["run", "--json", "no/folder/a.json", "train.py"], "no/folder/a.json"),
    "output nowhere": (["run", "-o", "train.py/a.stetho", "train.py"], "train.py"),
    "output is there": (["run", "-o", "train.py", "train.py"], "train.py"),
    "no run file": (["report", "absent.stetho"], "absent.stetho"),
    "not a run file": (["report", "train.py"], "train.py"),
    "no rule": (["explain", "dead"], "did you mean dead-units"),
    "no colon": (["check", "model.py"], "expected file.py:name"),
    "no such function": (["check", "model.py:absent"], "build"),
    "no model": (["check", "model.py:wrong"], "torch.nn.Module"),
    "no batch": (["check", "model.py:build"], "--data"),
    "not callable": (["check", "model.py:NUMBER"], "torch.nn.Module"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_are_one_clear_paragraph_and_exit_code_2(folder, name):
    arguments, says = REFUSALS[name]
    before = (folder / "train.py").read_text()
    refused = stetho(*arguments, cwd=folder)
    assert refused.code == 2, refused.stderr
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == "", "the script did not run"
    assert (folder / "train.py").read_text() == before


@pytest.mark.parametrize("command", ["run", "check", "report", "explain"])
def test_help_has_an_example(command, tmp_path):
    text = stetho(command, "--help", cwd=tmp_path).stdout
    assert f"stetho {command}" in text
    assert "Example" in text


def test_a_folder_that_vanishes_is_told_and_costs_nothing_of_the_report(folder):
    (folder / "train.py").write_text(
        SICK.replace("print(", "import os, shutil\nprint(")
        .replace(
            "    opt.zero_grad()", "    if _ == 20: shutil.rmtree('runs')\n    opt.zero_grad()"
        )
        .replace("import torch\n", "import torch, shutil\n", 1)
    )
    (folder / "runs").mkdir()
    ran = stetho("run", "-o", "runs/a.stetho", "train.py", cwd=folder)
    assert (ran.code, ran.stdout) == (0, "done\n")
    assert "Not learning" in ran.stderr
    assert "was removed while it was written" in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr


HEAVY = {"torch", "numpy", "sqlite3", "rich", "starlette", "sklearn", "transformers", "ray"}


def test_import_loads_nothing_heavy():
    """Loading typer is most of it: 0.1 s in all. Each of these would add as much or more."""
    code = "import sys, stetho, stetho.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "stetho.cli" in done.stdout.split()
    assert HEAVY & set(done.stdout.split()) == set()


def test_version_and_python_dash_m():
    done = subprocess.run(
        [sys.executable, "-m", "stetho", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    import stetho as package

    first, second = done.stdout.splitlines()
    assert first == f"stetho {package.__version__}"
    assert "compiled core" in second


def test_predict_a_model_and_other_functions_for_it(folder):
    target = ["model.py:build", "--data", "model.py:pair"]
    plain = stetho("predict", *target, "--json", "a.json", cwd=folder)
    assert plain.code == 0, plain.stderr
    assert "1/relu" in plain.stdout
    result = json.loads((folder / "a.json").read_text())
    assert {"name", "z_std", "slope_factor", "grad_rms", "band", "valid"} <= set(result["sites"][0])
    assert {"depth_scale", "trainable_depth"} <= set(result)
    both = stetho("predict", *target, "--activation", "elu,tanh", "--json", "b.json", cwd=folder)
    assert "With tanh at every site" in both.stdout
    assert set(json.loads((folder / "b.json").read_text())["activations"]) == {"elu", "tanh"}


def test_predict_without_a_target_compares_functions(folder):
    table = stetho("predict", "--depth", "30", "--activation", "sigmoid,relu", cwd=folder)
    assert table.code == 0
    lines = {line.split()[0]: line for line in table.stdout.splitlines() if line}
    assert lines["sigmoid"].endswith("no")
    assert lines["relu"].endswith("yes")
    assert max(map(len, table.stdout.splitlines())) <= 80


def test_predict_refuses(folder):
    for arguments, says in (
        (["--activation", "swish"], "did you mean silu"),
        (["model.py:build"], "--data"),
        (["absent.py:build"], "absent.py"),
    ):
        refused = stetho("predict", *arguments, cwd=folder)
        assert refused.code == 2
        assert says in refused.stderr

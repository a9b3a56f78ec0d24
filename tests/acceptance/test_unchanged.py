"""Must show 4 and 6: scripts with traps run as without stetho, bit for bit, and raise no alarm."""

from __future__ import annotations

import pytest
import torch

from acceptance.runs import SCRIPTS, python, stetho, watched, weights

TRICKY = sorted((SCRIPTS / "tricky").glob("*.py"))


@pytest.mark.parametrize("script", TRICKY, ids=lambda script: script.stem)
def test_weights_output_and_exit_code_are_equal_and_no_alarm_is_raised(script, tmp_path):
    plain = python(script, "plain.pt", cwd=tmp_path)
    ours = watched(script, "ours.pt", cwd=tmp_path)
    assert plain.code == 0, plain.stderr
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout)
    for mine, expected in zip(
        weights(tmp_path / "ours.pt"), weights(tmp_path / "plain.pt"), strict=True
    ):
        assert torch.equal(mine, expected)
    assert ours.alarms == []
    assert ours.result["sites"]
    assert ours.result["faults"] == []


def test_every_step_probed_changes_nothing_either(tmp_path):
    script = SCRIPTS / "tricky" / "accumulation.py"  # with dropout
    python(script, "plain.pt", cwd=tmp_path)
    watched("--every", 1, script, "ours.pt", cwd=tmp_path)
    pairs = zip(weights(tmp_path / "ours.pt"), weights(tmp_path / "plain.pt"), strict=True)
    assert all(torch.equal(mine, expected) for mine, expected in pairs)


PASSES = """
import os, sys
print(sys.argv, __name__, __file__, os.getcwd(), sys.path[0])
print("to stderr", file=sys.stderr)
import __main__
print(vars(__main__)["VALUE"] if "VALUE" in vars(__main__) else "none yet")
VALUE = 3
print(__main__.VALUE, __doc__)
sys.exit(5)
"""
RAISES = """
import torch
net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(60):
    if step == 40:
        raise KeyError("the data ran out")
    loss = net(torch.randn(8, 4)).square().mean()
    opt.zero_grad(); loss.backward(); opt.step()
"""


def test_what_the_script_sees_and_says_passes_through(tmp_path):
    (tmp_path / "script.py").write_text(PASSES)
    arguments = ["script.py", "--json", "x", "-o", "--", "-m"]  # look like our own options
    plain = python(*arguments, cwd=tmp_path)
    ours = stetho("run", "-o", "a.stetho", *arguments, cwd=tmp_path)
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout)
    assert plain.code == 5
    assert ours.stderr.startswith(plain.stderr)
    assert "Nothing was measured" in ours.stderr


def test_a_script_that_fails_fails_as_ever_and_is_diagnosed_on_stderr(tmp_path):
    (tmp_path / "script.py").write_text(RAISES)
    plain = python("script.py", cwd=tmp_path)
    ours = stetho("run", "script.py", cwd=tmp_path)
    assert plain.code == ours.code == 1
    assert ours.stdout == plain.stdout == ""
    assert ours.stderr.startswith(plain.stderr), "the traceback shows the script's frames alone"
    assert "1/relu" in ours.stderr[len(plain.stderr) :]


def test_the_end_leaves_no_hook_and_no_wrapper_behind(tmp_path):
    (tmp_path / "script.py").write_text(
        RAISES.replace("        raise", "        break #")
        + "import gc, weakref\nalive = weakref.ref(net)\n"
        + "import atexit\natexit.register(lambda: print(len(torch.optim.optimizer."
        "_global_optimizer_post_hooks), torch.autograd.backward.__module__,"
        " len(torch.nn.modules.module._global_forward_hooks)))\n"
    )
    plain = python("script.py", cwd=tmp_path)
    ours = stetho("run", "script.py", cwd=tmp_path)
    assert ours.stdout == plain.stdout

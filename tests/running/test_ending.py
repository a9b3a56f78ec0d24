"""However a script ends and whatever it does to its streams: its exit code, and a diagnosis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stetho.running.signals import unhurried

TRAINING = """
import os, signal, sys, time
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

def train(steps):
    for step in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "train.py"
    file.write_text(TRAINING + text)
    return file


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "stetho", "run", *map(str, arguments)]


def run(folder: Path, text: str, *options: str, **settings: object):
    done = [*command("-o", folder / "run.stetho", *options), str(written(folder, text))]
    settings = {"stderr": subprocess.PIPE, **settings}
    return subprocess.run(
        done, cwd=folder, stdout=subprocess.PIPE, text=True, timeout=120, **settings
    )


FOREVER = """
train(20)
print("ready", flush=True)
while True:
    train(1)
"""


def ended_by(number: int, folder: Path, text: str):
    process = subprocess.Popen(
        command("-o", folder / "run.stetho", written(folder, text)),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_sigterm_is_answered_by_a_diagnosis_and_ends_the_process_as_ever(tmp_path):
    code, _, told = ended_by(signal.SIGTERM, tmp_path, FOREVER)
    assert code == -signal.SIGTERM
    assert "Learning" in told
    assert "Run file" in told
    assert "Traceback" not in told


def test_ctrl_c_ends_it_as_it_ends_python_with_a_diagnosis(tmp_path):
    code, _, told = ended_by(signal.SIGINT, tmp_path, FOREVER)
    assert code == -signal.SIGINT
    assert "\nKeyboardInterrupt\n" in told
    assert "Run file" in told


def test_a_first_ctrl_c_does_not_end_what_is_unhurried_a_second_does():
    reached = []

    def interrupted_twice():
        with unhurried():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("the second")
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        interrupted_twice()
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_sigterm_of_a_script_that_handles_it_is_the_script_s(tmp_path):
    handled = "signal.signal(signal.SIGTERM, lambda *_: (print('saved'), sys.exit(4)))" + FOREVER
    code, out, told = ended_by(signal.SIGTERM, tmp_path, handled)
    assert (code, out) == (4, "saved\n")
    assert "Run file" in told


def test_the_script_sees_the_handler_that_python_sets(tmp_path):
    text = """
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
print(signal.signal(signal.SIGTERM, signal.SIG_IGN) is signal.SIG_DFL)
print(signal.signal(signal.SIGTERM, signal.SIG_DFL) is signal.SIG_IGN)
child = os.fork()
if not child:
    signal.pause()
time.sleep(0.5)  # a signal between fork and Python's own handlers of it is lost
os.kill(child, signal.SIGTERM)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
train(3)
"""
    done = run(tmp_path, text)
    assert done.stdout.split() == ["True", "True", "True", "-15"]
    assert done.stderr.count("── stetho ") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("code", [0, 5])
def test_a_full_stderr_does_not_change_the_exit_code(tmp_path, code):
    with open("/dev/full", "w") as full:
        done = run(tmp_path, f"train(3); print('out'); sys.exit({code})", stderr=full)
    assert (done.returncode, done.stdout) == (code, "out\n")


@pytest.mark.parametrize(
    "closing",
    ["sys.stderr.close()", "os.close(2)", "sys.stderr = None", "sys.stderr = object()"],
)
def test_a_script_that_takes_stderr_away_ends_with_its_own_exit_code(tmp_path, closing):
    done = run(tmp_path, f"train(3)\n{closing}\nsys.exit(6)")
    plain = subprocess.run([sys.executable, tmp_path / "train.py"], stderr=subprocess.DEVNULL)
    assert done.returncode == plain.returncode
    assert ("Run file" in done.stderr) is (closing != "os.close(2)")


def test_a_log_that_the_script_keeps_of_stderr_is_the_script_s_alone(tmp_path):
    text = "sys.stderr = open('log', 'w')\nprint('mine', file=sys.stderr)\ntrain(3)"
    done = run(tmp_path, text)
    assert (tmp_path / "log").read_text() == "mine\n"
    assert "Run file" in done.stderr


def test_a_change_of_folder_moves_no_file_of_ours(tmp_path):
    options = ["--json", "result.json", "--html", "page.html"]
    text = "os.mkdir('elsewhere'); os.chdir('elsewhere'); train(3)"
    done = subprocess.run(
        command("-o", "run.stetho", *options, written(tmp_path, text)), cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0
    assert {"run.stetho", "result.json", "page.html"} <= set(os.listdir(tmp_path))
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_result_that_cannot_be_written_does_not_change_the_exit_code(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    options = ["--json", str(folder / "result.json"), "--html", str(folder / "page.html")]
    done = run(tmp_path, f"train(3); os.rmdir({str(folder)!r}); sys.exit(7)", *options)
    assert done.returncode == 7
    assert "write the JSON form" in done.stderr
    assert "write the page" in done.stderr


LATE = """
train(1)
import atexit, threading
def late():
    time.sleep(0.3)
    train(30)
    print("thread", sys.argv[1:], "__file__" in globals())
atexit.register(lambda: (train(1), print("exit", sys.argv[1:])))
threading.Thread(target=late).start()
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(2)
pool.submit(time.sleep, 0.5).add_done_callback(lambda _: print("pool"))
print("main")
"""


def test_threads_and_exit_handlers_are_a_part_of_the_script(tmp_path):
    file = written(tmp_path, LATE)
    plain = subprocess.run([sys.executable, file, "x"], capture_output=True, text=True, timeout=60)
    ours = subprocess.run(
        command("-o", tmp_path / "run.stetho", file, "x"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ours.stdout == plain.stdout
    assert ours.stdout.splitlines()[-1] == "exit ['x']"
    assert ours.stderr.startswith(plain.stderr)


def test_the_verdict_after_a_fault_of_ours_says_that_it_is_incomplete(tmp_path):
    text = """
from stetho.summarise.recorder import Recorder
def broken(*args):
    raise RuntimeError("injected")
train(30)
Recorder.layer = broken
train(30)
"""
    settings = {"env": {**os.environ, "STETHO_STRICT": ""}}
    done = run(tmp_path, text, "--every", "1", "--json", str(tmp_path / "r.json"), **settings)
    assert done.returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())["faults"]
    told = " ".join(done.stderr.split())
    assert "This verdict is incomplete: stetho itself failed and watched nothing after step" in told
    assert "Until then" in told or "1 more" in told or "Learning" in told

"""The training that the parts of the torture suite maltreat, run plainly or under `stetho run`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
import sys, torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(256, 8)
y = (x[:, 0] > 0).long()
print("begins", flush=True)
for step in range(int(sys.argv[1])):
    rows = torch.randint(0, 256, (32,))
    loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("ends", model[0].weight.sum().item(), torch.rand(1).item(), flush=True)
"""
STEPS = 1500
PATIENCE = 120.0  # seconds; a subject that takes longer hangs


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a subject ended."""

    code: int  # negative: the number of the signal that ended it
    stdout: str
    stderr: str
    seconds: float
    hung: bool = False


def diagnosed(ended: Ended) -> bool:
    """Whether a report of what was seen stands in its stderr."""
    return "By depth" in ended.stderr and "No diagnosis" not in ended.stderr


def environment(**changes: str | None) -> dict[str, str]:
    """The environment of a subject; `None` takes a variable away."""
    fixed = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "COLUMNS": "80"}
    merged: dict[str, str | None] = {**os.environ, **fixed, **changes}
    merged.pop("STETHO_STRICT", None)
    return {name: value for name, value in merged.items() if value is not None}


def write_script(folder: Path) -> Path:
    file = folder / "train.py"
    file.write_text(SCRIPT)
    return file


def command(script: str, *options: str, watched: bool, steps: int = STEPS) -> list[str]:
    ours = ["-m", "stetho", "run", *options] if watched else []
    return [sys.executable, *ours, script, str(steps)]


def run(
    words: list[str],
    cwd: Path,
    env: dict[str, str] | None = None,
    send: tuple[float, signal.Signals] | None = None,
) -> Ended:
    """Run a command to its end.

    Args:
        words: the command.
        cwd: its working directory.
        env: its environment; `environment()` by default.
        send: (seconds after the start, signal) to send to the process itself.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        if send is not None:
            seconds, number = send
            try:
                process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        hung = False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        hung = True
    return Ended(
        code=process.returncode,
        stdout=stdout,
        stderr=stderr,
        seconds=time.monotonic() - began,
        hung=hung,
    )

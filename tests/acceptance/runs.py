"""A script run by Python alone, and by `stetho run`: what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

SCRIPTS = Path(__file__).parents[1] / "scripts"
EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass
class Outcome:
    code: int
    stdout: str
    stderr: str
    result: dict[str, Any] | None = None

    @property
    def alarms(self) -> list[tuple[str, str, str]]:
        """Findings above a note."""
        return [
            (finding["rule"], finding["severity"], finding["message"])
            for finding in self.result["findings"]
            if finding["severity"] != "note"
        ]


def python(*arguments: object, cwd: Path) -> Outcome:
    return _outcome([sys.executable, *map(str, arguments)], cwd)


def stetho(*arguments: object, cwd: Path, **environment: str) -> Outcome:
    return _outcome([sys.executable, "-m", "stetho", *map(str, arguments)], cwd, **environment)


def watched(*arguments: object, cwd: Path, **environment: str) -> Outcome:
    """`stetho run` with its result as JSON."""
    file = cwd / "result.json"
    outcome = stetho("run", "--json", file, *arguments, cwd=cwd, **environment)
    outcome.result = json.loads(file.read_text()) if file.exists() else None
    return outcome


def _outcome(command: list[str], cwd: Path, **environment: str) -> Outcome:
    fixed = {"STETHO_STRICT": "1", "COLUMNS": "80", "OMP_NUM_THREADS": "1"}
    settings = {**os.environ, **fixed, **environment}
    done = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True)
    return Outcome(done.returncode, done.stdout, done.stderr)


def weights(file: Path) -> list[torch.Tensor]:
    def flat(value: Any) -> list[torch.Tensor]:
        if isinstance(value, torch.Tensor):
            return [value]
        parts = value.values() if isinstance(value, dict) else value
        return [tensor for part in parts for tensor in flat(part)]

    return flat(torch.load(file))

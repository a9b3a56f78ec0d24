"""A script → what came of it plainly, and under `stetho run --every 1`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1] / "scripts" / "unchanged"
SERVER = Path(__file__).with_name("server.py")
PLAIN, WATCHED = "plain", "watched"
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "COLUMNS": "80",
    "PYTHONHASHSEED": "0",
    "STETHO_STRICT": "",  # as it is for users
    "KINETO_LOG_LEVEL": "5",  # the profiler's messages hold the time
}
FRAME = r'  File "{}.*\n(?:    .*\n)*'
# The frames of what runs a script, ahead of the script's own in a warning of anomaly mode.
RUNNER = re.compile(
    "(?m)^(?P<head>(?!  ).*\n)"
    + f"(?:{FRAME.format(f'(?!{re.escape(str(SCRIPTS))})')})+"
    + f'(?=  File "{re.escape(str(SCRIPTS))})'
)
PROFILER = re.compile("(?m)^USDT:.*\n")  # lines of torch's profiler, with time and process


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run of a script has left: what it said, how it ended, the files it wrote."""

    code: int | None
    stdout: str
    stderr: str
    files: dict[str, bytes]
    temporary: list[str]
    result: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one run of a script takes place: a folder for its files, and one beside it for ours."""

    folder: Path
    scratch: Path  # for temporary files; short, as sockets may lie there

    @classmethod
    def make(cls, folder: Path) -> Place:
        (folder / "work").mkdir(parents=True)
        return cls(folder=folder, scratch=Path(tempfile.mkdtemp(prefix="s-")))

    @property
    def options(self) -> list[str]:
        file, result = self.folder / "run.stetho", self.folder / "result.json"
        return ["--every", "1", "-o", str(file), "--json", str(result)]

    def outcome(self, code: int | None) -> Outcome:
        work, result = self.folder / "work", self.folder / "result.json"
        temporary = sorted(entry.name for entry in self.scratch.iterdir())
        shutil.rmtree(self.scratch)
        return Outcome(
            code=code,
            stdout=(self.folder / "out").read_text(),
            stderr=PROFILER.sub("", RUNNER.sub(r"\g<head>", (self.folder / "err").read_text())),
            files={
                str(file.relative_to(work)): file.read_bytes()
                for file in sorted(work.rglob("*"))
                if file.is_file()
            },
            temporary=temporary,
            result=json.loads(result.read_text()) if result.exists() else None,
        )


class ForkServer:
    """Runs scripts in forks of a process that has loaded torch."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **SETTINGS},
            text=True,
        )

    def run(self, script: Path, way: str, folder: Path) -> Outcome:
        place = Place.make(folder)
        request = {
            "script": str(script),
            "way": way,
            "folder": str(folder / "work"),
            "scratch": str(place.scratch),
            "out": str(folder / "out"),
            "err": str(folder / "err"),
            "options": place.options,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return place.outcome(json.loads(self._process.stdout.readline()))

    def stop(self) -> None:
        self._process.communicate(timeout=30)


def by_command_line(script: Path, way: str, folder: Path) -> Outcome:
    """The same by `python script` and by `python -m stetho run script`."""
    place = Place.make(folder)
    ours = ["-m", "stetho", "run", *place.options] if way == WATCHED else []
    with open(folder / "out", "w") as out, open(folder / "err", "w") as err:
        done = subprocess.run(
            [sys.executable, *ours, str(script)],
            cwd=folder / "work",
            env={**os.environ, **SETTINGS, "TMPDIR": str(place.scratch)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=120,
        )
    return place.outcome(done.returncode)

"""kill -9, SIGTERM and Ctrl-C at random moments of short runs."""

from __future__ import annotations

import getpass
import random
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from torture import subject
from torture.rows import Row
from torture.subject import Ended, command, diagnosed, write_script

NAME = "ends"
RUNS = 200
WORKERS = 2
OF_TORCH = {f"torchinductor_{getpass.getuser()}"}  # what a plain run leaves as well
WHAT = {
    signal.SIGKILL: "kill -9 at a random moment: the run file is whole up to the last probe",
    signal.SIGTERM: "SIGTERM at a random moment: ends as plainly, with the diagnosis so far",
    signal.SIGINT: "Ctrl-C at a random moment: ends as plainly, with the diagnosis so far",
}


def run(scale: float, seed: int) -> list[Row]:
    """Send each signal to a third of the runs."""
    draws = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        script = write_script(folder)
        plain = subject.run(command(str(script), watched=False), folder)
        whole = subject.run(command(str(script), "-o", "whole.stetho", watched=True), folder)
        if whole.stdout != plain.stdout:
            undisturbed = "a run that nothing disturbs"
            return [Row(what=undisturbed, tried=1, fine=0, note=whole.stderr[-300:])]
        kinds = list(WHAT)
        jobs = [
            (index, kinds[index % len(kinds)], draws.uniform(0.02, 1.05) * whole.seconds)
            for index in range(max(3, round(RUNS * scale)))
        ]
        with ThreadPoolExecutor(WORKERS) as pool:
            faults = list(pool.map(lambda job: (job[1], _one(folder, script, plain, *job)), jobs))
    return [
        Row(
            what=what,
            tried=sum(kind == number for kind, _ in faults),
            fine=sum(kind == number and not fault for kind, fault in faults),
            note="; ".join(
                dict.fromkeys(fault for kind, fault in faults if kind == number and fault)
            ),
        )
        for number, what in WHAT.items()
    ]


def _one(
    folder: Path, script: Path, plain: Ended, index: int, number: signal.Signals, moment: float
) -> str:
    """What is wrong with one run that got a signal; "" if nothing is."""
    place = folder / str(index)
    scratch = place / "tmp"
    scratch.mkdir(parents=True)
    env = subject.environment(TMPDIR=str(scratch))
    ended = subject.run(
        command(str(script), "-o", "run.stetho", watched=True), place, env, (moment, number)
    )
    at = f"at {moment:.2f} s"
    if ended.hung:
        return f"hung {at}"
    finished = ended.stdout == plain.stdout
    if not plain.stdout.startswith(ended.stdout):
        return f"other output {at}: {ended.stdout[-100:]!r}"
    if not finished and ended.code not in _codes(number, ended):
        return f"exit code {ended.code} {at}: {ended.stderr[-300:]}"
    if "stetho/" in ended.stderr and "Traceback" in ended.stderr and number != signal.SIGINT:
        return f"a traceback of ours {at}: {ended.stderr[-300:]}"
    left = [entry.name for entry in scratch.iterdir() if entry.name not in OF_TORCH]
    if left and number != signal.SIGKILL:  # nobody can clean up after kill -9
        return f"temporary files left {at}: {left}"
    return _file_fault(place / "run.stetho", ended, number, at)


def _codes(number: signal.Signals, ended: Ended) -> tuple[int, ...]:
    """How a plain Python ends by this signal, and how a script does that had ended by then.

    Before the script has begun, Ctrl-C ends our own command, by what shells call this end, or as
    `python -m` does.
    """
    begun = "begins" in ended.stdout
    return (-number, 0) if begun else (-number, 0, 128 + number, 1)


def _file_fault(file: Path, ended: Ended, number: signal.Signals, at: str) -> str:
    from stetho.api import load_result
    from stetho.errors import RunFileError

    if not file.exists():
        return "" if "begins" not in ended.stdout else f"no run file {at}"
    try:
        result = load_result(file)
    except RunFileError as error:
        # A process that is killed while it makes the file leaves what is refused as not begun.
        return "" if "begins" not in ended.stdout else f"{error} {at}"
    probed = bool(result.run.probes)
    if number != signal.SIGKILL and probed and not (diagnosed(ended) and result.run.finished):
        return f"no diagnosis {at}: {ended.stderr[-200:]!r}"
    return ""

"""A run where the machine gives way: full disks, folders that go, no HOME, clocks that jump."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from torture import subject
from torture.rows import Row
from torture.subject import Ended, command, diagnosed, environment, write_script

NAME = "surroundings"
REPEATS = 6
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")

Case = Callable[[Path], "str | None"]  # a folder with train.py → what went wrong; None: not tried


def run(scale: float, seed: int) -> list[Row]:
    """Each case a few times, in a folder of its own."""
    rows = []
    for what, case in CASES.items():
        faults = []
        for _ in range(max(1, round(REPEATS * scale))):
            with tempfile.TemporaryDirectory(prefix="torture-") as name:
                write_script(Path(name))
                faults.append(case(Path(name)))
        tried = [fault for fault in faults if fault is not None]
        note = "; ".join(dict.fromkeys(fault for fault in tried if fault))
        if not tried:
            note = "not tried: this system does not allow it"
        rows.append(
            Row(what=what, tried=len(tried), fine=sum(not fault for fault in tried), note=note)
        )
    return rows


def _compare(plain: Ended, ours: Ended, report: bool = True) -> str:
    """What differs between a plain run and a watched one in the same surroundings."""
    if ours.hung:
        return "hung"
    if (ours.code, ours.stdout) != (plain.code, plain.stdout):
        return f"exit code {ours.code}, output {ours.stdout[-80:]!r}: {ours.stderr[-400:]}"
    if "Traceback" in ours.stderr and "Traceback" not in plain.stderr:
        return f"a traceback of ours: {ours.stderr[-400:]}"
    if report and not diagnosed(ours):
        return f"no diagnosis: {ours.stderr[-400:]}"
    return ""


def _both(folder: Path, *options: str, prefix: tuple[str, ...] = (), **env: str | None) -> str:
    """Run plainly and watched, by the same prefix and in the same environment."""
    settings = environment(**env)
    plain = subject.run([*prefix, *command("train.py", watched=False)], folder, settings)
    ours = subject.run([*prefix, *command("train.py", *options, watched=True)], folder, settings)
    return _compare(plain, ours)


# -- the disk ------------------------------------------------------------------------------------


def _in_namespace(*mounts: str) -> tuple[str, ...] | None:
    """A prefix that runs a command after some shell commands, in mounts of its own."""
    test = ["unshare", "--mount", "true"]
    if not shutil.which("unshare") or subprocess.run(test, capture_output=True).returncode:
        return None
    return ("unshare", "--mount", "sh", "-c", f'{"; ".join(mounts)}; cd "$PWD"; exec "$@"', "-")


def disk_full(folder: Path) -> str | None:
    prefix = _in_namespace("mkdir -p stetho-runs", "mount -t tmpfs -o size=40k full stetho-runs")
    return None if prefix is None else _both(folder, prefix=prefix)


def nothing_to_write_to(folder: Path) -> str | None:
    prefix = _in_namespace(
        *(f"mount -t tmpfs -o ro none {place}" for place in ("/tmp", "/var/tmp", "/dev/shm")),
        *("mount --bind . .", "mount -o remount,ro,bind ."),
    )
    elsewhere = Path.home() / f".torture-{os.getpid()}"  # /tmp is hidden from the command
    if prefix is None:
        return None
    shutil.copytree(folder, elsewhere, dirs_exist_ok=True)
    try:
        return _both(elsewhere, prefix=prefix, TMPDIR=None)
    finally:
        shutil.rmtree(elsewhere)


def small_files_only(folder: Path) -> str:
    """No file may grow beyond 64 KiB: what a quota does."""
    return _both(folder, "--every", "1", prefix=("sh", "-c", 'ulimit -f 128; exec "$@"', "-"))


# -- folders and the environment -----------------------------------------------------------------


def _while_it_runs(folder: Path, act: Callable[[Path], None]) -> str:
    plain = subject.run(command("train.py", watched=False), folder)
    timer = threading.Timer(0.6 * _seconds(folder), act, [folder])
    timer.start()
    ours = subject.run(command("train.py", watched=True), folder)
    timer.join()
    return _compare(plain, ours)


def _seconds(folder: Path) -> float:
    """How long a watched run takes."""
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        write_script(Path(name))
        return subject.run(command("train.py", watched=True), Path(name)).seconds


def folder_removed(folder: Path) -> str:
    return _while_it_runs(folder, lambda place: shutil.rmtree(place / "stetho-runs", True))


def file_removed(folder: Path) -> str:
    def act(place: Path) -> None:
        for file in place.glob("stetho-runs/*"):
            file.unlink(missing_ok=True)

    return _while_it_runs(folder, act)


def no_home(folder: Path) -> str:
    return _both(folder, HOME=None)


def home_missing(folder: Path) -> str:
    return _both(folder, HOME="/nonexistent/home", XDG_CACHE_HOME=None)


def tmpdir_missing(folder: Path) -> str:
    return _both(folder, TMPDIR="/nonexistent/tmp")


# -- several at one time ---------------------------------------------------------------------------


def six_at_once(folder: Path) -> str:
    plain = subject.run(command("train.py", watched=False), folder)
    with ThreadPoolExecutor(6) as pool:
        words = command("train.py", watched=True)
        every = list(pool.map(lambda _: subject.run(words, folder), range(6)))
    faults = [fault for ours in every if (fault := _compare(plain, ours))]
    kept = [file.name for file in (folder / "stetho-runs").glob("*.stetho")]
    if not faults and len(kept) != 6:
        faults.append(f"{len(kept)} run files of 6 runs")
    return faults[0] if faults else _unreadable(folder / "stetho-runs")


def one_file_for_two(folder: Path) -> str:
    """The second of two runs with one -o is refused before it trains; the first is whole."""
    with ThreadPoolExecutor(2) as pool:
        words = command("train.py", "-o", "one.stetho", watched=True, steps=6000)
        first = pool.submit(subject.run, words, folder)
        _wait_for(folder / "one.stetho")
        second = subject.run(words, folder)
        ended = first.result()
    if ended.code or not diagnosed(ended):
        return f"the first: {ended.code} {ended.stderr[-300:]}"
    if second.code != 2 or second.stdout or len(second.stderr.strip().splitlines()) > 4:
        return f"the second was not refused: {second.code} {second.stderr[-300:]}"
    return _unreadable(folder)


def read_while_written(folder: Path) -> str:
    """Two readers, again and again, while the file is written with every step probed."""
    from stetho.api import load_result
    from stetho.errors import RunFileError

    file = folder / "one.stetho"
    with ThreadPoolExecutor(1) as pool:
        words = command("train.py", "--every", "1", "-o", file.name, watched=True, steps=300)
        running = pool.submit(subject.run, words, folder)
        _wait_for(file)
        seen, began = [], time.monotonic()
        while not running.done() and time.monotonic() - began < subject.PATIENCE:
            with ThreadPoolExecutor(2) as readers:
                try:
                    seen += [len(r.run.probes) for r in readers.map(load_result, [file, file])]
                except RunFileError as error:
                    if seen:  # before the first probe there may be nothing whole to read
                        return str(error)
            time.sleep(0.05)
        ended = running.result()
    if ended.code:
        return f"exit code {ended.code}: {ended.stderr[-300:]}"
    return "" if len(seen) > 3 else f"read {len(seen)} times only"


def _wait_for(file: Path) -> None:
    began = time.monotonic()
    while not file.exists() and time.monotonic() - began < subject.PATIENCE:
        time.sleep(0.02)
    time.sleep(0.3)


def _unreadable(folder: Path) -> str:
    from stetho.api import load_result
    from stetho.errors import RunFileError

    for file in folder.glob("*.stetho"):
        try:
            load_result(file)
        except RunFileError as error:
            return str(error)
    return ""


# -- the clock -------------------------------------------------------------------------------------


@contextmanager
def _jumping_clock(folder: Path) -> Iterator[dict[str, str]]:
    """Wall clock and monotonic clock jump by hours, back and forth, every 50 ms."""
    file, stop = folder / "faketime", threading.Event()
    file.write_text("+0")

    def jump() -> None:
        jumps = ("-7200", "+0", "+86400", "+10", "-3600")
        count = 0
        while not stop.wait(0.05):
            count += 1
            part = folder / "faketime.part"
            part.write_text(jumps[count % len(jumps)])
            part.replace(file)

    thread = threading.Thread(target=jump)
    thread.start()
    try:
        yield {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
        }
    finally:
        stop.set()
        thread.join()


def clock_jumps(folder: Path) -> str | None:
    if not FAKETIME.exists():
        return None
    with _jumping_clock(folder) as env:
        return _both(folder, **env)


CASES: dict[str, Case] = {
    "the disk is full (40 kB left for the run file)": disk_full,
    "no file may grow beyond 64 kB": small_files_only,
    "working folder read-only, no place for temporary files": nothing_to_write_to,
    "stetho-runs is removed while the run goes on": folder_removed,
    "the run file is removed while the run goes on": file_removed,
    "no HOME": no_home,
    "HOME does not exist": home_missing,
    "TMPDIR does not exist": tmpdir_missing,
    "six runs start at one moment in one folder": six_at_once,
    "two runs with one -o: the second is refused, the first is whole": one_file_for_two,
    "two readers while every step is written": read_while_written,
    "the clock jumps by hours, back and forth, every 50 ms": clock_jumps,
}

if __name__ == "__main__":
    for row in run(float(sys.argv[1]) if len(sys.argv) > 1 else 0.2, 0):
        print(row)

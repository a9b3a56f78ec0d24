"""Kills, readers, forks, full disks: what was written before is there."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stetho.errors import RunFileError
from stetho.record import Overhead, Probe, Run, SiteStats
from stetho.store import RunWriter, read_run, reader

SOURCE = Path(__file__).parents[2] / "src"
WRITES_UNTIL_KILLED = """
import sys
from stetho.record import Probe, Run, SiteStats
from stetho.store import RunWriter
writer = RunWriter(sys.argv[1], Run(command="killed"))
step = 0
while True:
    stats = {f"layers.{i}/relu": SiteStats(z_mean=float(step)) for i in range(20)}
    writer.add_probe(Probe(step=step, time=0.0, sites=stats))
    writer.add_losses([step], [1.0])
    print(step, flush=True)
    step += 1
"""
FILLS_ITS_DISK = """
import resource, sys
from stetho.record import Overhead, Probe, Run, SiteStats
from stetho.store import RunWriter
told = []
writer = RunWriter(sys.argv[1], Run(command="full"), told.append)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for step in range(600):
    stats = {f"layers.{i}/relu": SiteStats(z_mean=float(step)) for i in range(20)}
    writer.add_probe(Probe(step=step, time=0.0, sites=stats))
writer.finish(0, Overhead())
writer.close()
print(len(told), type(told[0]).__name__, told[0], file=sys.stdout)
"""


def child(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_without_warning(tmp_path: Path) -> None:
    path = tmp_path / "run.stetho"
    with child(WRITES_UNTIL_KILLED, path) as process:
        assert process.stdout is not None
        last = -1
        while last < 60:
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        last = max([last, *map(int, process.stdout.read().split())])
    assert process.returncode == -signal.SIGKILL
    run = read_run(path)
    assert [probe.step for probe in run.probes][: last + 1] == list(range(last + 1))
    assert run.probes[last].sites["layers.7/relu"].z_mean == float(last)
    assert len(run.losses) >= last + 1
    assert not run.finished
    assert (tmp_path / "run.stetho-wal").stat().st_size  # reading leaves the log as it was


def test_two_readers_while_written(tmp_path: Path) -> None:
    path = tmp_path / "run.stetho"
    writer = RunWriter(path, Run())
    done = threading.Event()

    def follow() -> list[int]:
        seen = [0]
        while not done.is_set():
            run = read_run(path)
            assert [probe.step for probe in run.probes] == list(range(len(run.probes)))
            assert all(probe.sites["a/relu"].z_mean == probe.step for probe in run.probes)
            seen.append(len(run.probes))
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(follow) for _ in range(2)]
        for step in range(150):
            writer.add_probe(
                Probe(step=step, time=0.0, sites={"a/relu": SiteStats(z_mean=float(step))})
            )
            time.sleep(0.002)
        done.set()
        counts = [reader.result() for reader in readers]
    writer.close()
    for seen in counts:
        assert seen == sorted(seen)
        assert len(set(seen)) > 3


def test_a_reader_sees_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RunWriter(tmp_path / "run.stetho", Run())
    read_losses = reader._losses

    def then_a_probe_comes(file: sqlite3.Connection) -> tuple[list[int], list[float]]:
        losses = read_losses(file)
        writer.add_losses([0], [1.0])
        writer.add_probe(Probe(step=0, time=0.0))
        return losses

    monkeypatch.setattr(reader, "_losses", then_a_probe_comes)
    run = read_run(tmp_path / "run.stetho")
    writer.close()
    assert (run.losses, run.probes) == ((), ())


def test_a_reader_in_the_middle_does_not_stop_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.stetho"
    writer = RunWriter(path, Run())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM probe").fetchall()
    writer.add_probe(Probe(step=0, time=0.0))
    writer.finish(0, Overhead(1.0, 2.0))
    writer.close()
    other.close()
    assert read_run(path).finished


def test_a_full_disk_is_told_once_and_costs_nothing_before(tmp_path: Path) -> None:
    path = tmp_path / "run.stetho"
    process = child(FILLS_ITS_DISK, path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.startswith("1 RunFileError cannot write to run file")
    assert "What was written before is kept" in out
    run = read_run(path)
    assert len(run.probes) > 20
    assert [probe.step for probe in run.probes] == list(range(len(run.probes)))


def full(writer: RunWriter, pages: int) -> None:
    file = writer._failed or writer._connection
    assert file is not None
    file.execute(f"PRAGMA max_page_count = {pages}")


def test_writing_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    path = tmp_path / "run.stetho"
    told: list[RunFileError] = []
    writer = RunWriter(path, Run(), told.append)
    big = {f"{index}/relu": SiteStats(z_mean=1.0) for index in range(50)}
    writer.add_probe(Probe(step=0, time=0.0, sites=big))
    full(writer, 1)
    for step in (1, 2):
        writer.add_probe(Probe(step=step, time=0.0, sites={"a/relu": SiteStats(), **big}))
    assert len(told) == 1
    full(writer, 1_000_000)
    writer.add_probe(Probe(step=3, time=0.0, sites={"a/relu": SiteStats(), **big}))
    writer.finish(0, Overhead())
    writer.close()
    run = read_run(path)
    assert [probe.step for probe in run.probes] == [0, 1, 2, 3]


def test_what_the_file_does_not_take_is_in_the_report(tmp_path: Path) -> None:
    path = tmp_path / "run.stetho"
    told: list[RunFileError] = []
    writer = RunWriter(path, Run(), told.append)
    writer.add_probe(Probe(step=0, time=0.0))
    full(writer, 1)
    big = {f"{index}/relu": SiteStats(z_mean=1.0) for index in range(50)}
    for step in (1, 2):
        writer.add_probe(Probe(step=step, time=0.0, sites=big))
    writer.finish(0, Overhead())
    assert [probe.step for probe in writer.read().probes] == [0, 1, 2]
    writer.close()
    assert len(told) == 1
    run = read_run(path)
    assert [probe.step for probe in run.probes] == [0]
    assert not run.finished


def test_a_file_that_need_not_be_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "place").write_text("a file where a folder should be")
    told: list[RunFileError] = []
    writer = RunWriter(tmp_path / "place" / "run.stetho", Run(), told.append, needed=False)
    writer.add_probe(Probe(step=0, time=0.0))
    writer.finish(3, Overhead())
    run = writer.read()
    assert (len(run.probes), run.exit_code, len(told)) == (1, 3, 1)
    writer.close()


def test_a_folder_that_is_removed_costs_nothing_of_the_report(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    writer = RunWriter(folder / "run.stetho", Run(), print)
    for step in range(3):
        writer.add_probe(Probe(step=step, time=0.0))
        if step == 1:
            shutil.rmtree(folder)
    writer.finish(0, Overhead())
    assert len(writer.read().probes) == 3
    writer.close()


def test_without_a_callback_the_first_failure_raises(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "run.stetho", Run())
    full(writer, 1)
    stats = {f"{index}/relu": SiteStats() for index in range(100)}
    with pytest.raises(RunFileError, match="cannot write to run file"):
        writer.add_probe(Probe(step=0, time=0.0, sites=stats))
    writer.add_probe(Probe(step=1, time=0.0, sites=stats))
    writer.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_writes_nothing(tmp_path: Path) -> None:
    program = """
import os, sys
from stetho.record import Overhead, Run
from stetho.store import RunWriter
writer = RunWriter(sys.argv[1], Run())
writer.add_losses([0], [1.0])
child = os.fork()
if not child:
    writer.add_losses([1], [2.0])
    writer.finish(1, Overhead())
    writer.close()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
writer.add_losses([2], [3.0])
os.kill(os.getpid(), 9)
"""
    process = child(program, tmp_path / "run.stetho")
    _, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, err
    run = read_run(tmp_path / "run.stetho")
    assert (run.losses, run.finished) == ((1.0, 3.0), False)


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="needs root to drop")
def test_a_killed_run_in_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """SQLite wants to write beside a file with a log; a copy of both is read then."""
    folder = tmp_path / "shared"
    folder.mkdir()
    program = """
import os, sys
from stetho.record import Run
from stetho.store import RunWriter
writer = RunWriter(sys.argv[1], Run())
writer.add_losses([0], [1.0])
os.kill(os.getpid(), 9)
"""
    child(program, folder / "run.stetho").communicate()
    (folder / "run.stetho-shm").unlink()
    for path in (folder / "run.stetho", folder / "run.stetho-wal"):
        path.chmod(0o444)
    descriptor = os.open(folder, os.O_RDONLY)
    program = """
import os, sys
from stetho.store import read_run
os.fchdir(int(sys.argv[1]))
os.setuid(65534)
assert not os.access(".", os.W_OK)
print(read_run("run.stetho").losses)
"""
    folder.chmod(0o755)
    process = subprocess.run(
        [sys.executable, "-c", program, str(descriptor)],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "TMPDIR": "/tmp"},
        pass_fds=[descriptor],
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(descriptor)
    assert process.stdout == "(1.0,)\n", process.stderr


def test_nothing_heavy_is_loaded() -> None:
    program = """
import sys
import stetho.store
heavy = {"torch", "numpy", "rich", "pickle"} & set(sys.modules)
assert not heavy, heavy
"""
    process = child(program)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err

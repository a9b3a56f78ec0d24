"""Run files and race files that somebody has mutated or cut → every command that reads them.

What is asked of a command: it recovers, or refuses in a sentence; never a traceback, a hang or more
memory than LIMIT.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from torture import subject
from torture.rows import Row
from torture.subject import command, environment, write_script

NAME = "readers"
FILES = 2000
WORKERS = 2
PATIENCE = 20  # seconds for all commands on one file
LIMIT = 500  # MB
STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1 << 62, 1 << 70, 1e308, float("nan"), float("inf"), "", "x" * 5000),
    *("\x1b[2J\u202e", "<script>", [], {}, [[]], [None], {"a": None}, ["a"], {"name": "a"}),
)
EXTREME = (1e308, -1e308, 5e-324, 1e-300, float("nan"), float("inf"), -1.0, 0.0, 1.0)


# -- mutations -------------------------------------------------------------------------------------

Mutation = Callable[[Path, random.Random], None]


def flipped(file: Path, draws: random.Random) -> None:
    """Some bytes are others."""
    content = bytearray(file.read_bytes())
    for _ in range(draws.choice((1, 3, 20, 200))):
        content[draws.randrange(len(content))] = draws.randrange(256)
    file.write_bytes(content)


def cut(file: Path, draws: random.Random) -> None:
    """The end is missing."""
    content = file.read_bytes()
    file.write_bytes(content[: draws.randrange(len(content))])


def blanked(file: Path, draws: random.Random) -> None:
    """A page is zero, or another one's copy."""
    content = bytearray(file.read_bytes())
    pages = max(1, len(content) // 4096)
    to, of = draws.randrange(pages) * 4096, draws.randrange(pages) * 4096
    content[to : to + 4096] = draws.choice((bytes(4096), content[of : of + 4096]))
    file.write_bytes(content)


def grown(file: Path, draws: random.Random) -> None:
    """Something stands in the middle that does not belong there."""
    content = file.read_bytes()
    place = draws.randrange(len(content))
    file.write_bytes(
        content[:place] + draws.randbytes(draws.choice((1, 100, 4096))) + content[place:]
    )


def retyped(file: Path, draws: random.Random) -> None:
    """Somewhere in a JSON text of the header stands another value."""
    with closing(sqlite3.connect(file)) as base:
        rows = base.execute("SELECT key, value FROM header").fetchall()
        for key, text in draws.sample(rows, k=min(len(rows), draws.choice((1, 1, 3)))):
            value = _with_another(json.loads(text), draws)
            base.execute("UPDATE header SET value = ? WHERE key = ?", (json.dumps(value), key))
        base.commit()


def _with_another(value: Any, draws: random.Random) -> Any:
    inner = (
        list(value)
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    if not inner or draws.random() < 0.2:
        return draws.choice(STRANGE)
    key = draws.choice(list(inner))
    value[key] = _with_another(value[key], draws)
    return value


def restated(file: Path, draws: random.Random) -> None:
    """A cell of a table holds another value, or a block other bytes."""
    with closing(sqlite3.connect(file)) as base:
        tables = [
            name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        table = draws.choice(tables)
        columns = [row[1] for row in base.execute(f"PRAGMA table_info({table})")]
        keys = base.execute(f"SELECT {columns[0]} FROM {table}").fetchall()
        with suppress(sqlite3.Error):
            if not keys or draws.random() < 0.1:
                base.execute(f"DROP TABLE {table}")
            else:
                (key,) = draws.choice(keys)
                value = draws.choice((None, -1, 1 << 60, 1.5, "text", "[]", b"", _block(draws)))
                base.execute(
                    f"UPDATE {table} SET {draws.choice(columns)} = ? WHERE {columns[0]} = ?",
                    (value, key),
                )
        base.commit()


def _block(draws: random.Random) -> bytes:
    numbers = [
        draws.choice((0.0, 1e300, -1e300, 1e-300, float("nan"), float("inf"), 1.0))
        for _ in range(9)
    ]
    return draws.choice(
        (
            b"d" + struct.pack("<9d", *numbers),
            draws.randbytes(40),
            zlib.compress(bytes(50_000_000), 9),
            zlib.compress(draws.randbytes(50)),
        )
    )


def exploded(file: Path, draws: random.Random) -> None:
    """Statistics and losses as large, small or wrong as floats can be."""
    with closing(sqlite3.connect(file)) as base:
        for column in ("sites", "layers", "parameters"):
            for key, block in base.execute(f"SELECT id, {column} FROM probe").fetchall():
                if not block or draws.random() < 0.5:
                    continue
                code = block[:1].decode()
                size = struct.calcsize(code)
                numbers = list(struct.unpack(f"<{len(block) // size}{code}", block[1:]))
                for _ in range(draws.choice((1, 5, 50))):
                    other = draws.choice(
                        (1e308, -1e308, 5e-324, float("nan"), float("inf"), -1.0, 0.0)
                    )
                    numbers[draws.randrange(len(numbers))] = other
                packed = b"d" + struct.pack(f"<{len(numbers)}d", *numbers)
                base.execute(f"UPDATE probe SET {column} = ? WHERE id = ?", (packed, key))
        base.commit()


def endless(file: Path, draws: random.Random) -> None:
    """A view, a trigger or a computed column that gives what has no end."""
    ways = (
        "CREATE VIEW header AS WITH RECURSIVE n(key) AS (SELECT 1 UNION ALL SELECT key FROM n) "
        "SELECT key, key AS value FROM n",
        "CREATE TABLE header (key TEXT, value TEXT AS (hex(zeroblob(400000000))))",
        "CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT)",
    )
    with closing(sqlite3.connect(file)) as base:
        base.execute("DROP TABLE header")
        base.execute(draws.choice(ways))
        with suppress(sqlite3.Error):
            base.execute("INSERT INTO header (key) VALUES ('command')")
            nested = "[" * 200_000 + "]" * 200_000
            base.execute("INSERT INTO header VALUES ('sites', ?)", (nested,))
        base.commit()


MUTATIONS: dict[str, tuple[Mutation, float]] = {  # what, how, share
    "bytes flipped": (flipped, 0.2),
    "cut off": (cut, 0.1),
    "pages blank or doubled": (blanked, 0.1),
    "bytes put in": (grown, 0.05),
    "values of another type": (retyped, 0.3),
    "cells, blocks and tables changed": (restated, 0.15),
    "numbers without measure": (exploded, 0.08),
    "views without end, deep nesting": (endless, 0.02),
}


# -- what reads ------------------------------------------------------------------------------------


def readings(file: Path, good: Path, out: Path) -> Iterator[list[str]]:
    """Command lines that read a file."""
    yield ["report", str(file), "--all-sites"]
    yield ["report", str(file), "--json", str(out / "x.json"), "-o", str(out / "x.html"), "--text"]
    yield [
        "compare",
        str(file),
        str(good),
        "--json",
        str(out / "y.json"),
        "--html",
        str(out / "y.html"),
    ]


def fault_of(words: list[str]) -> str:
    """What is wrong with how a command takes its file; "" if nothing is."""
    from stetho.cli import main

    told, printed = io.StringIO(), io.StringIO()
    try:
        with redirect_stderr(told), redirect_stdout(printed):
            code = main(words)
    except BaseException as error:
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {error}"[
            :200
        ]
    if code not in (0, 2):
        return f"exit code {code}: {told.getvalue()[-200:]}"
    if code == 2 and not told.getvalue().startswith("stetho: "):
        return f"no sentence: {told.getvalue()[-200:]}"
    text = printed.getvalue()
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text) or "\u202e" in text:
        return "control characters reach the terminal"
    return ""


def serve() -> None:
    """Read jobs from stdin, a JSON line each; run each in a fork; answer with what was wrong."""
    import stetho.api
    import stetho.choosing
    import stetho.cli
    import stetho.report  # noqa: F401 (loaded once, for all forks)

    for line in sys.stdin:
        file, good, out = map(Path, json.loads(line))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            signal.alarm(PATIENCE)
            faults = [
                f"{w[0]}: {fault}" for w in readings(file, good, out) if (fault := fault_of(w))
            ]
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            if used > LIMIT:
                faults.append(f"{used:.0f} MB")
            os.write(writing, "; ".join(faults).encode()[:4000])
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        if status:
            told = f"ended by {status} (14: a hang)"
        print(json.dumps(told), flush=True)


# -- the row ---------------------------------------------------------------------------------------


def run(scale: float, seed: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        originals = list(_originals(folder))
        jobs = _jobs(max(16, round(FILES * scale)), seed)
        with ThreadPoolExecutor(WORKERS) as pool:
            parts = [jobs[place::WORKERS] for place in range(WORKERS)]
            done = pool.map(lambda part: _worked(part, originals, folder), parts)
            found = [pair for part in done for pair in part]
    return [
        Row(
            what=f"run and race files: {what}",
            tried=sum(kind == what for kind, _ in found),
            fine=sum(kind == what and not fault for kind, fault in found),
            note="; ".join(list(dict.fromkeys(f for kind, f in found if kind == what and f))[:5]),
        )
        for what in MUTATIONS
    ]


def _jobs(count: int, seed: int) -> list[tuple[int, str]]:
    kinds = [
        what for what, (_, share) in MUTATIONS.items() for _ in range(max(2, round(share * count)))
    ]
    return [(seed * 100_003 + place, kind) for place, kind in enumerate(kinds)]


def _originals(folder: Path) -> Iterator[Path]:
    """A run, one that diverges, and a race, made by real commands; their logs folded in."""
    script = write_script(folder)
    kept = folder / "good.stetho"
    subject.run(command(str(script), "-o", str(kept), watched=True), folder)
    wild = folder / "wild.py"
    wild.write_text(script.read_text().replace("lr=0.1", "lr=1e4"))
    subject.run(command(str(wild), "-o", str(folder / "wild.stetho"), watched=True), folder)
    words = [
        "choose",
        "--budget",
        "20s",
        "--candidates",
        "relu",
        "-o",
        "race.stetho",
        str(script),
        "60",
    ]
    subprocess.run(
        [sys.executable, "-m", "stetho", *words, str(script), "60"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        check=True,
    )
    for file in (kept, folder / "wild.stetho", folder / "race.stetho"):
        with closing(sqlite3.connect(file)) as base:
            base.execute("PRAGMA journal_mode = DELETE")
        yield file


def _worked(
    jobs: list[tuple[int, str]], originals: list[Path], folder: Path
) -> list[tuple[str, str]]:
    server = subprocess.Popen(
        [sys.executable, "-m", "torture.readers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    found = []
    for number, kind in jobs:
        draws = random.Random(number)
        place = folder / str(number)
        place.mkdir()
        file = place / "mutated.stetho"
        shutil.copyfile(draws.choice(originals), file)
        with suppress(sqlite3.Error):
            MUTATIONS[kind][0](file, draws)
        server.stdin.write(json.dumps([str(file), str(originals[0]), str(place)]) + "\n")
        server.stdin.flush()
        fault = json.loads(server.stdout.readline())
        found.append((kind, f"{fault} (number {number})" if fault else ""))
        shutil.rmtree(place)
    server.communicate()
    return found


if __name__ == "__main__":
    serve()

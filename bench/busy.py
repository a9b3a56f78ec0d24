"""Nothing in → whether runs give the same probes and findings on a quiet and on a busy machine.

`python bench/busy.py`: all examples by `stetho run`, and 60 trainings of the zoo at default
settings, each once as the machine is and once with four busy processes beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import stetho
from stetho.api import load_result
from stetho.record import Severity

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
BUSY = 4  # processes
CASES = 60  # of the zoo, at equal distances
SPIN = "while True: sum(range(10_000))"


@contextmanager
def load(processes: int) -> Iterator[None]:
    """That many processes that never rest."""
    spinning = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def told(result: stetho.Result) -> dict[str, object]:
    """What is compared; what leads is the first finding."""
    alarms = [one for one in result.diagnosis.findings if one.severity >= Severity.WARNING]
    return {
        "probes": [probe.step for probe in result.run.probes],
        "findings": sorted(one.rule for one in alarms),
        "leads": alarms[0].rule if alarms else "",
        "verdict": result.diagnosis.verdict,
    }


def of_zoo(name: str) -> dict[str, object]:
    from zoo.running import Trial

    training = Trial(by_name()[name]).training()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with stetho.watch(training.model, training.optimizer) as watched:
            training.run()
    return told(watched.result)


def by_name() -> dict[str, object]:
    from zoo.cases import cases

    return {case.name: case for case in cases()}


def of_example(name: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.stetho"
        words = ["-m", "stetho", "run", "-o", str(file), str(ROOT / "examples" / name)]
        subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, check=True)
        return told(load_result(file))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--json", help="where the rows go")
    given = parser.parse_args()
    known = list(by_name())
    chosen = known[:: max(1, len(known) // given.cases)][: given.cases]
    tasks = [(of_example, path.name) for path in sorted((ROOT / "examples").glob("*.py"))]
    tasks += [(of_zoo, name) for name in chosen]
    rows = []
    for work, name in tasks:
        began = time.perf_counter()
        quiet = work(name)
        middle = time.perf_counter()
        with load(BUSY):
            busy = work(name)
        slower = (time.perf_counter() - middle) / (middle - began)
        same = {key: quiet[key] == busy[key] for key in quiet}
        rows.append({"name": name, "slower": slower, "same": same, "quiet": quiet, "busy": busy})
        print(name, f"{slower:.1f} ×", [key for key, one in same.items() if not one], flush=True)
    for key in rows[0]["same"]:
        print(f"same {key}: {sum(row['same'][key] for row in rows)} of {len(rows)}")
    if given.json:
        Path(given.json).write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

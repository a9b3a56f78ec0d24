"""`python -m zoo reports run|judge|report`: other people's faults.

run: train what has no outcome, then the calibrating half under stetho. judge: diagnose the stored
runs again. report: print the scores. `--half report` opens the other half: once, when the rules are
frozen.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from zoo.reports import judging, page, running
from zoo.reports.table import reports


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m zoo reports", description=__doc__)
    parser.add_argument("command", choices=["run", "judge", "report"])
    parser.add_argument("name", nargs="?", default="", help="only cases whose name contains this")
    parser.add_argument("--half", default="calibrate", choices=["calibrate", "report"])
    parser.add_argument("--again", action="store_true", help="train under stetho again")
    parser.add_argument("--plain", action="store_true", help="outcomes alone, without stetho")
    parser.add_argument("--jobs", type=int, default=1, help="at a time")
    given = parser.parse_args(arguments)
    cases = reports(given.name)
    if given.command == "run":
        running.run(cases, given.jobs)
        if not given.plain:
            some = [one for one in cases if one.half == given.half]
            running.watch(some, given.jobs, given.again)
    if given.command != "report" and not given.plain:
        judging.write()
    if not given.plain:
        print(page.summary())

"""`python -m zoo run [NAME]`: train what is missing. `python -m zoo report`: judge all again.

`python -m zoo reports …`: the same for other people's faults, see `zoo.reports.command`.
"""

from __future__ import annotations

import argparse
import os
import sys

import torch


def main() -> None:
    if sys.argv[1:2] == ["reports"]:
        from zoo.reports import command

        return command.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m zoo", description=__doc__)
    parser.add_argument("command", choices=["run", "peers", "report"])
    parser.add_argument("name", nargs="?", default="", help="only cases whose name contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.command == "run":
        from zoo import running

        running.run(arguments.name, arguments.jobs)
    elif arguments.command == "peers":
        from zoo import peers

        peers.run(arguments.name, arguments.jobs)
    else:
        from zoo import report, results

        results.write()
        print(report.summary())


if __name__ == "__main__":
    main()

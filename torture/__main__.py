"""The torture suite: `python -m torture [PART …] [--scale S] [--seed N] [--write FILE]`.

Each part tries things many times and gives rows of one table. Exit code 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from torture import ends, faults, readers, surroundings
from torture.rows import Row

PARTS = {part.NAME: part for part in (ends, surroundings, readers, faults)}
BEGIN, END = "<!-- torture -->", "<!-- /torture -->"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="by default all")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the repetitions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="put the table into this file, at its marks")
    given = parser.parse_args()
    rows: list[Row] = []
    for name in given.parts or PARTS:
        for row in PARTS[name].run(given.scale, given.seed):
            rows.append(row)
            print(f"{row.fine:5} of {row.tried:5}  {row.what}", file=sys.stderr, flush=True)
            if row.note:
                print(f"                {row.note}", file=sys.stderr, flush=True)
    text = table(rows, given.seed)
    if given.write:
        before, _, rest = given.write.read_text().partition(BEGIN)
        given.write.write_text(f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}")
    else:
        print(text)
    return int(any(row.fine < row.tried for row in rows))


def table(rows: list[Row], seed: int) -> str:
    lines = ["| what | tried | went well | note |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.tried} | {row.fine} | {row.note} |" for row in rows]
    lines.append(f"\nMeasured on {date.today().isoformat()}, seed {seed}, by `make torture`.\n")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

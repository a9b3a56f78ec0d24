"""The zoo's committed results → docs/zoo.md, written or, with `--check`, compared."""

from __future__ import annotations

import difflib
import sys

from generated import NOTE, ROOT

sys.path.insert(0, str(ROOT))

from zoo.report import page

PAGE = ROOT / "docs" / "zoo.md"


def main() -> int:
    made = page(NOTE)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    there = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if there == made:
        return 0
    lines = (there.splitlines(keepends=True), made.splitlines(keepends=True))
    sys.stdout.writelines(difflib.unified_diff(*lines, "docs/zoo.md", "the results"))
    print("docs/zoo.md does not say what zoo/results.jsonl says: run `make docs`")
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Pages made from code: written, or with `--check` compared with what stands there."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTE = "<!-- Made from the code by `make docs`; edit it there. -->"


def main(folder: str, pages: Mapping[str, str]) -> int:
    """Write pages (file name → text) into a folder, or check them. Gives the exit code."""
    place = ROOT / folder
    if "--check" not in sys.argv[1:]:
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob("*.md"):
            old.unlink()
        for name, text in pages.items():
            (place / name).write_text(text, encoding="utf-8")
        return 0
    there = {file.name: file.read_text(encoding="utf-8") for file in place.glob("*.md")}
    stale = [name for name in sorted({*there, *pages}) if there.get(name) != pages.get(name)]
    for name in stale:
        old, new = there.get(name, ""), pages.get(name, "")
        sys.stdout.writelines(
            difflib.unified_diff(
                old.splitlines(keepends=True),
                new.splitlines(keepends=True),
                f"{folder}/{name}",
                "the code",
            )
        )
    if stale:
        print(f"{len(stale)} page(s) in {folder} do not say what the code says: run `make docs`")
    return 1 if stale else 0


def one_page(name: str, text: str) -> int:
    """Write one page, or check it. Gives the exit code."""
    place = ROOT / name
    if "--check" not in sys.argv[1:]:
        place.write_text(text, encoding="utf-8")
        return 0
    there = place.read_text(encoding="utf-8") if place.exists() else ""
    if there == text:
        return 0
    lines = (there.splitlines(keepends=True), text.splitlines(keepends=True))
    sys.stdout.writelines(difflib.unified_diff(*lines, name, "what it is made from"))
    print(f"{name} does not say what it is made from: run `make docs`")
    return 1

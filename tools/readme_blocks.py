"""Blocks of output in the README and the manual ← what the commands print; `--check` compares.

A block stands between `<!-- block: command=… -->` and `<!-- /block -->`; with `lines=A-B` it shows
those lines of the report alone, of which the first is its title. Words must be equal;
numbers may differ by half, and those that are small, such as gradients, by a factor of 25.

A race stands between `<!-- race: command=… -->` and `<!-- /race -->`. Another processor rounds
differently, so trials that train chaotically end elsewhere: which candidate wins, and each row's
numbers, differ between machines. Its beginning is shown, and its headings and the names of its
candidates are compared.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from functools import cache

from generated import ROOT

FILES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("start", "choose", "theory")),
]
BLOCK = re.compile(
    r"(?P<head><!-- (?P<kind>block|race): (lines=(?P<first>\d+)-(?P<last>\d+) )?"
    r"command=(?P<command>.+?) -->\n)"
    r"(?P<text>.*?)(?P<tail><!-- /(?P=kind) -->)",
    re.DOTALL,
)
RACE_LINES = 24  # of a race's output that are shown
HEADINGS = ("stetho choose", "Candidates", "candidate ", "Score:")
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?|[▁▂▃▄▅▆▇█]+")
MEAN = re.compile(r"\S+ ?±")  # of z: near 0, where a ratio says nothing
INTERVAL = re.compile(r"[├─●┤┊]+")  # a drawing, as wide as the numbers beside it leave room for
TIMED = "training steps in"  # so many seconds
# What differs from run to run: bars, the cost of watching, the run file's name.
VOLATILE = ("Overhead:", "Run file", "Print again", "Medians of", "Race file")


@cache
def output(command: str) -> str:
    """What a command prints on stdout and, after that, on stderr, run in the project's root."""
    words = shlex.split(command)
    if words[0] == "stetho":
        words[:1] = [sys.executable, "-m", "stetho"]
    if words[3:4] in (["run"], ["choose"]):
        folder = tempfile.mkdtemp()
        words[4:4] = ["-o", f"{folder}/run.stetho"]
    settings = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(words, cwd=ROOT, env=settings, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stderr}")
    text = done.stdout + done.stderr
    lines = [line.rstrip() for line in text.splitlines() if not _of_the_file(line)]
    return _first_finding("\n".join(lines))


def _of_the_file(line: str) -> bool:
    return line.startswith(("Run file", "Race file", "Print again"))


def _first_finding(text: str) -> str:
    """The report without its findings but the first, to fit a screen."""
    paragraphs = text.split("\n\n")
    findings = [p for p in paragraphs if p.startswith(("FAULT", "WARNING", "NOTE"))]
    kept = [p for p in paragraphs if p not in findings[1:]]
    if len(findings) > 1:
        kept.insert(kept.index(findings[0]) + 1, f"[… {len(findings) - 1} more findings …]")
    return "\n\n".join(kept)


def block(match: re.Match[str]) -> str:
    lines = output(match["command"]).strip().splitlines()
    if match["first"]:
        title = next(place for place, line in enumerate(lines) if line.startswith("── stetho"))
        lines = lines[title + int(match["first"]) : title + int(match["last"]) + 1]
    if match["kind"] == "race" and len(lines) > RACE_LINES:
        lines = [*lines[:RACE_LINES], "[…]"]
    return "```text\n{}\n```\n".format("\n".join(lines))


def outline(race: str, command: str) -> set[str]:
    """Which headings and which of the command's candidates a race's output shows."""
    wanted = re.search(r"--candidates (\S+)", command)
    names = wanted[1].split(",") if wanted else []
    lines = race.splitlines()
    headings = {word for word in HEADINGS if any(line.startswith(word) for line in lines)}
    rows = {name for name in names if any(line.split()[:1] == [name] for line in lines)}
    return headings | rows


def same(old: str, new: str, match: re.Match[str]) -> bool:
    """Equal words, numbers near each other; of a race the outline."""
    if match["kind"] == "race":
        command = match["command"]
        return bool(outline(old, command)) and outline(old, command) == outline(new, command)
    old, new = _steady(old), _steady(new)
    if NUMBER.sub("#", old).split() != NUMBER.sub("#", new).split():
        return False
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return all(_near(a, b) for a, b in pairs)


def _steady(text: str) -> str:
    """What does not depend on the machine's speed; a time moves words to other lines."""
    paragraphs = "\n\n".join(part for part in text.split("\n\n") if TIMED not in part)
    kept = (line for line in paragraphs.splitlines() if not line.startswith(VOLATILE))
    return "\n".join(INTERVAL.sub(" ", MEAN.sub("mean ±", line)) for line in kept)


def _near(a: str, b: str) -> bool:
    if not (a + b).isascii():
        return abs(len(a) - len(b)) <= 2
    x, y = (float(word.replace(",", "")) for word in (a, b))
    if 0 < abs(x) < 1e-3:
        return 0.04 < abs(y / x) < 25  # the scale of the bars moves by tens
    return abs(x - y) <= 0.5 * max(abs(x), abs(y)) + 0.1


def _made(match: re.Match[str]) -> str:
    return match["head"] + block(match) + match["tail"]


def main() -> int:
    stale = False
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        if "--check" in sys.argv[1:]:
            for match in BLOCK.finditer(text):
                stale |= _is_stale(file.name, match)
        else:
            file.write_text(BLOCK.sub(_made, text), encoding="utf-8")
    return int(stale)


def _is_stale(name: str, match: re.Match[str]) -> bool:
    made = block(match)
    if same(match["text"], made, match):
        return False
    diff = difflib.unified_diff(match["text"].splitlines(), made.splitlines(), lineterm="")
    print(*diff, sep="\n")
    print(f"{name} does not show what `{match['command']}` prints now: run `make docs`")
    return True


if __name__ == "__main__":
    sys.exit(main())

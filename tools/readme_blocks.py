"""Blocks of output in the README ← what the commands print; `--check` compares.

A block stands between `<!-- block: command=… -->` and `<!-- /block -->`. Words must be equal;
numbers may differ by half (which steps are probed depends on the machine's speed), and those that
are small, such as gradients, by a factor of 25.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile

from generated import ROOT

README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- block: command=(.+?) -->\n)(.*?)(<!-- /block -->)", re.DOTALL)
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?|[▁▂▃▄▅▆▇█]+")
MEAN = re.compile(r"\S+ ?±")  # of z: near 0, where a ratio says nothing
INTERVAL = re.compile(r"[├─●┤┊]+")  # a drawing, as wide as the numbers beside it leave room for
TIMED = "training steps in"  # so many seconds
# What differs from run to run: bars, the cost of watching, the run file's name.
VOLATILE = ("Watching cost", "Run file", "Print again", "Medians of", "Race file")


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


def block(command: str) -> str:
    return f"```text\n{output(command).strip()}\n```\n"


def same(old: str, new: str) -> bool:
    """Equal words; numbers near each other."""
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


def main() -> int:
    text = README.read_text(encoding="utf-8")
    if "--check" not in sys.argv[1:]:
        made = BLOCK.sub(lambda m: m[1] + block(m[2]) + m[4], text)
        README.write_text(made, encoding="utf-8")
        return 0
    stale = False
    for match in BLOCK.finditer(text):
        made = block(match[2])
        if not same(match[3], made):
            made = block(match[2])  # a busy machine probes other steps
        if not same(match[3], made):
            stale = True
            diff = difflib.unified_diff(match[3].splitlines(), made.splitlines(), lineterm="")
            print(*diff, sep="\n")
            print(f"README.md does not show what `{match[2]}` prints now: run `make docs`")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())

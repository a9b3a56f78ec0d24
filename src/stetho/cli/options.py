"""Options that several commands have, and the files that they write."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stetho.errors import UsageError

JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Also write the result as JSON ('-': to stdout)."),
]
HtmlFile = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write the report as one HTML file."),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        help="Exit with 3 if a finding of this severity (note, warning, fault) or above stands.",
    ),
]
AllSites = Annotated[bool, typer.Option("--all-sites", help="Show every site in the table.")]

INTERRUPTED = 130  # exit code
PASS_ON = {"allow_interspersed_args": False, "ignore_unknown_options": False}
Script = Annotated[str, typer.Argument(metavar="SCRIPT", help="The training script.")]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="[ARGS]...", help="Passed on to the script.")
]
IsModule = Annotated[
    bool, typer.Option("-m", help="SCRIPT is a module, as in 'python -m pkg.train'.")
]


def refuse_unwritable(inputs: Sequence[str | Path | None], **files: Path | None) -> None:
    """Say before a long run, not after it, that a result cannot be written.

    `files` by the names of their options. None may take the place of one of the `inputs`.
    """
    for name, file in files.items():
        if file is None or str(file) == "-":
            continue
        option = f"{'-' if len(name) == 1 else '--'}{name}"
        for given in inputs:
            if given is not None and _same(file, Path(given)):
                raise UsageError(
                    f"expected {option} FILE that is another one than {given}, which it would "
                    "overwrite; name another file"
                )
        folder = file.resolve().parent
        if file.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise UsageError(
                f"expected {option} FILE in a folder that can be written, got {file}; make the "
                "folder or name another file"
            )


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def absolute(file: Path | None) -> Path | None:
    """Where a file is now: the script may go to another folder."""
    return file if file is None or str(file) == "-" else file.absolute()


def write_json(content: dict[str, Any], file: Path | None) -> None:
    if file is None:
        return
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    if str(file) == "-":
        print(text)
    else:
        file.write_text(text + "\n", encoding="utf-8")


def write_html(
    page: Callable[[], str], file: Path | None, stream: Any = None, name: Path | None = None
) -> None:
    """Make the page only if it is wanted; where it is goes to stderr, out of other output's way."""
    if file is None:
        return
    file.write_text(page(), encoding="utf-8")
    print(f"Wrote {name or file}: open it in any browser.", file=stream or sys.stderr)


def parse_share(text: str) -> float:
    """'2%', '2 %' or '0.02' → 0.02."""
    number, percent = text.strip(), 1.0
    if number.endswith("%"):
        number, percent = number[:-1], 0.01
    try:
        share = float(number) * percent
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise UsageError(
            f"expected --budget as a share of the run's steps, such as 2% or 0.02, got {text!r}"
        )
    return share

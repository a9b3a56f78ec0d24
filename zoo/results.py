"""Rows ↔ the committed files, so that scores can be checked without training anything."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from zoo.judging import Row, judged
from zoo.peers import rows as peer_rows

HERE = Path(__file__).parent
RESULTS = HERE / "results.jsonl"
FIRST_LOOK = HERE / "first_look.jsonl"  # the reporting half as it was first seen; kept as it is


def write() -> None:
    """Judge all stored runs again, and keep what was said of them.

    Rows whose runs are not stored here, as in a fresh checkout, stay as they were committed.
    """
    rows = {row.trial: row for row in (*read(), *judged())}
    lines = [json.dumps(asdict(row), ensure_ascii=False) for row in rows.values()]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(file: Path = RESULTS) -> list[Row]:
    return [_row(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def _row(values: dict[str, object]) -> Row:
    alarms = tuple(tuple(alarm) for alarm in values.pop("alarms"))  # type: ignore[attr-defined]
    return Row(**values, alarms=alarms)  # type: ignore[arg-type]


def peers() -> dict[str, dict[str, list[str]]]:
    """What each peer said, by case; where it failed, nothing."""
    said: dict[str, dict[str, list[str]]] = {}
    for row in peer_rows():
        said.setdefault(str(row["peer"]), {})[str(row["case"])] = list(row["alarms"])
    return said

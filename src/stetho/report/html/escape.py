"""Names and numbers of a run → text that is safe inside of a page."""

from __future__ import annotations

import base64
import html
import json
import sys
from array import array
from typing import Any

from stetho.report.json_form import strict
from stetho.report.literal import literal


def text(value: str) -> str:
    """Shown, not run: markup and invisible characters alike."""
    return html.escape(literal(value), quote=True)


def lines(value: str) -> str:
    """The same for a text whose own line breaks count."""
    return "\n".join(text(line) for line in value.split("\n"))


def script_json(value: Any) -> str:
    """JSON that cannot end the script element that it stands in."""
    made = json.dumps(plain(value), allow_nan=False, separators=(",", ":"))
    return made.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def plain(value: Any) -> Any:
    """What JSON can hold, with every invisible character of a name shown as its escape."""
    return _literal(strict(value))


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, dict):
        return {literal(key): _literal(item) for key, item in value.items()}
    return [_literal(item) for item in value] if isinstance(value, list) else value


def packed(values: array[Any]) -> str:
    """Numbers as they lie in memory, little-endian, in base64."""
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return base64.b64encode(values.tobytes()).decode("ascii")

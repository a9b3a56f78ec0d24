"""One line of the torture suite's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was tried how often, and how often it went well."""

    what: str
    tried: int
    fine: int
    note: str = ""  # what went wrong, or why it was not tried

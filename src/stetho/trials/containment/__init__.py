"""The user's files → a private view of them: trials read and write there, and nothing is left.

Two ways. `overlay` is a mount namespace of Linux in which every writable file system is covered by
an empty layer. `redirect` is for systems without: Python's own functions that write are led into a
scratch folder, and what cannot be led there is refused.
"""

from __future__ import annotations

import os

from stetho.errors import UsageError

OVERLAY, REDIRECT = "overlay", "redirect"
SETTING = "STETHO_CONTAINMENT"  # takes one of them, where not the best one is wanted


def wanted() -> str | None:
    """The way that the environment asks for; None: the best that works here."""
    name = os.environ.get(SETTING) or None
    if name not in (None, OVERLAY, REDIRECT):
        raise UsageError(f"expected {SETTING} as {OVERLAY} or {REDIRECT}, got {name!r}")
    return name

"""The exception tree. Every message says what was expected, what came, where, and what to do.

StethoError
├── UsageError            bad arguments, a target that cannot be loaded (exit code 2)
│   ├── TargetError       a script, module or factory that cannot be found or called
│   └── UnknownActivation a name that is not in the catalogue
├── RunFileError          a run file that is not ours, cut off, or from a newer stetho
└── UnhealthyError        raised by `assert_healthy`; carries the diagnosis
"""

from __future__ import annotations

import os


def faults_are_raised() -> bool:
    """Whether faults of our own are raised (tests set STETHO_STRICT=1) instead of contained."""
    return os.environ.get("STETHO_STRICT", "") not in ("", "0")


class StethoError(Exception):
    """Base of all errors that stetho raises on purpose."""


class UsageError(StethoError):
    """The call itself is wrong; nothing was run."""


class TargetError(UsageError):
    """A script, module or model factory that cannot be found or called."""


class UnknownActivation(UsageError):
    """An activation name that is not in the catalogue."""


class RunFileError(StethoError):
    """A run file that cannot be read."""


class UnhealthyError(StethoError, AssertionError):
    """A model that did not pass `assert_healthy`."""

"""Why a deep network does not learn, and which activation function it should use.

The names below load what they need when they are first used; `import stetho` alone is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stetho.version import __version__ as __version__

_HOMES = {
    "Activation": "stetho.activations",
    "Choice": "stetho.record",
    "Diagnosis": "stetho.record",
    "Finding": "stetho.record",
    "Run": "stetho.record",
    "Severity": "stetho.record",
    "assert_healthy": "stetho.api",
    "check": "stetho.api",
    "choose": "stetho.choosing",
    "gain": "stetho.theory",
    "init_": "stetho.surgery",
    "insert_norm": "stetho.surgery",
    "log": "stetho.metrics",
    "predict": "stetho.prediction",
    "register": "stetho.activations",
    "swap": "stetho.surgery",
    "watch": "stetho.api",
}

__all__ = sorted([*_HOMES, "__version__"])

if TYPE_CHECKING:
    from stetho.activations import Activation as Activation
    from stetho.activations import register as register
    from stetho.api import assert_healthy as assert_healthy
    from stetho.api import check as check
    from stetho.api import watch as watch
    from stetho.choosing import choose as choose
    from stetho.metrics import log as log
    from stetho.prediction import predict as predict
    from stetho.record import Choice as Choice
    from stetho.record import Diagnosis as Diagnosis
    from stetho.record import Finding as Finding
    from stetho.record import Run as Run
    from stetho.record import Severity as Severity
    from stetho.surgery import init_ as init_
    from stetho.surgery import insert_norm as insert_norm
    from stetho.surgery import swap as swap
    from stetho.theory import gain as gain


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stetho' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

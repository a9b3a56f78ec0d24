"""The compiled core under sanitizers: it never leaves the arrays that it is given."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nanobind")
TOOL = Path(__file__).parents[2] / "tools" / "sanitized.py"


@pytest.fixture(autouse=True)
def core():
    """In place of the fixture that takes each core in turn: here they are built anew."""


@pytest.mark.skipif(not shutil.which("g++"), reason="no compiler")
def test_no_kernel_leaves_its_arrays():
    done = subprocess.run(
        [sys.executable, str(TOOL), "--calls", "200"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "nothing found" in done.stdout

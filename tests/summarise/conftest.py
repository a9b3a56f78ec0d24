"""Every test of this room runs over plain torch calls and over each set of compiled kernels."""

from __future__ import annotations

import pytest

from stetho.summarise import native


@pytest.fixture(autouse=True, params=["torch", "plain", "avx2", "avx512"])
def core(request, monkeypatch):
    if request.param == "torch":
        monkeypatch.setattr(native, "core", None)
        yield request.param
        return
    if native.core is None:
        pytest.skip(f"no compiled core: {native.missing}")
    before = native.core.instructions()
    if not native.core.use(request.param):
        pytest.skip(f"this machine has no {request.param}")
    yield request.param
    native.core.use(before)

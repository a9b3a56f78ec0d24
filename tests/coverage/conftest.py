from __future__ import annotations

from contextlib import contextmanager

import pytest
import torch

from sinks import ListSink
from stetho.observe.observer import Observer
from stetho.observe.schedule import Schedule


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


@pytest.fixture
def observed():
    """`with observed(every=1) as sink:` watches all that happens inside."""

    @contextmanager
    def watch(models=(), optimizers=(), every=1, sink=None):
        sink = sink or ListSink()
        observer = Observer(sink, Schedule(every=every), models, optimizers)
        observer.start()
        try:
            yield sink
        finally:
            observer.stop()

    return watch

"""The name of a module → a call at the moment when the script has imported it.

The watched script decides itself when torch is loaded (it may set environment variables first),
and a script that never loads it costs nothing.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

from stetho.errors import faults_are_raised


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, then: Callable[[], None]) -> None:
        self._loader = loader
        self._then = then

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._then()


class AfterImport(importlib.abc.MetaPathFinder):
    """While it is on, calls `then` once, right after `name` was imported (or at once if it was).

    `failed` is told of a fault of ours in between; the import goes on without us.
    """

    def __init__(
        self, name: str, then: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        self._name = name
        self._then = then
        self._failed = failed

    def start(self) -> None:
        if self._name in sys.modules:
            self._then()
        else:
            sys.meta_path.insert(0, self)

    def stop(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        try:
            return self._found(name)
        except Exception as fault:
            if faults_are_raised():
                raise
            self._failed(fault)
            return None

    def _found(self, name: str) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        self.stop()
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._then)
        return spec

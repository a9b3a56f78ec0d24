"""`file.py:name` or `package.module:name` → the object; a factory's answer → model, batch, loss."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from stetho.errors import TargetError


def load(target: str) -> Any:
    """The object that a target names."""
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise TargetError(
            f"expected file.py:name or package.module:name, got {target!r}; name the function that "
            "builds the model behind a colon"
        )
    module = _module_of_file(place) if place.endswith(".py") else _module(place)
    try:
        return getattr(module, name)
    except AttributeError:
        public = [key for key in vars(module) if not key.startswith("_")]
        raise TargetError(
            f"{place} has no {name!r}; it has {', '.join(public[:12]) or 'nothing public'}"
        ) from None


def _module_of_file(place: str) -> ModuleType:
    path = Path(place)
    if not path.is_file():
        raise TargetError(f"expected a Python file, but there is no {place} in {os.getcwd()}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{place} cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _module(place: str) -> ModuleType:
    sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is not None and place.startswith(error.name):
            raise TargetError(
                f"expected a module, but {place} cannot be found; for a file write its .py"
            ) from None
        raise


def load_checkup(target: str, data: str | None, count: int) -> tuple[Any, list[Any], Any]:
    """Model, batches and loss (or `None`) for `stetho check`."""
    from torch import nn

    made = load(target)
    if callable(made) and not isinstance(made, nn.Module):
        made = made()
    model, batch, loss = (*made, None, None)[:3] if isinstance(made, tuple) else (made, None, None)
    if not isinstance(model, nn.Module):
        raise TargetError(
            f"expected {target} to give a torch.nn.Module, or a tuple that begins with one, got a "
            f"{type(model).__name__}"
        )
    if data is not None:
        batch = load(data)
        batch = batch() if callable(batch) else batch
    if batch is None:
        raise TargetError(
            f"{target} gives a model but no batch; return (model, batch), or add --data "
            "file.py:function that gives one"
        )
    return model, _batches(batch, count), loss


def _batches(batch: Any, count: int) -> list[Any]:
    """A batch alone, or the first `count` of an iterable of batches."""
    from torch import Tensor

    if isinstance(batch, (Tensor, Mapping, tuple)) or not isinstance(batch, Iterable):
        return [batch]
    return list(islice(batch, count))

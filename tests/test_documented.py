"""Every public name says what it does, what it takes, and what it raises."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import stetho


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """What `stetho` exports that can be called, and the public members of the classes among it."""
    for name in stetho.__all__:
        value = getattr(stetho, name)
        if inspect.isfunction(value):
            yield name, value
        if not inspect.isclass(value):
            continue
        for member, found in vars(value).items():
            made = getattr(found, "__func__", getattr(found, "fget", found))
            if not member.startswith("_") and inspect.isfunction(made):
                yield f"{name}.{member}", made


PUBLIC = dict(public())


def undocumented(function: Callable[..., Any]) -> list[str]:
    words = inspect.getdoc(function)
    if not words:
        return ["what it does"]
    arguments = [name for name in inspect.signature(function).parameters if name != "self"]
    raised = re.findall(r"\braise (\w+)\(", inspect.getsource(function))
    return [name for name in [*arguments, *raised] if not re.search(rf"\b{name}\b", words)]


@pytest.mark.parametrize("name", [name for name in stetho.__all__ if name != "__version__"])
def test_every_public_name_has_a_docstring(name):
    assert inspect.getdoc(getattr(stetho, name))


@pytest.mark.parametrize("name", PUBLIC)
def test_arguments_and_errors_are_named(name):
    assert undocumented(PUBLIC[name]) == []


def test_what_is_not_documented_is_found():
    def silent(depth: int) -> None: ...

    def half(depth: int) -> None:
        """Raise an error."""
        raise ValueError(depth)

    assert undocumented(silent) == ["what it does"]
    assert undocumented(half) == ["depth", "ValueError"]

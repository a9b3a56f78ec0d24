"""Replacing an attribute of something that is not ours, for as long as we need it replaced.

Every replacement that stetho makes in torch, in the standard library or in the user's libraries is
made by `patched`, so that one place knows how to undo it. `docs/promises.md` has a row for each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_MISSING = object()


@contextmanager
def patched(owner: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """Replace `owner.name` by `make(original)` inside of the `with` block.

    Args:
        owner: a module, a class or an object.
        name: the attribute's name; the owner may inherit it.
        make: receives the original and returns what is to stand in its place. A function gets the
            original's name and docstring, and `__wrapped__`, by `functools.update_wrapper`.

    At the end the original returns, but only if the replacement is still there: somebody else may
    have wrapped it in the meantime. Then it stays inside of their wrapper, so a replacement must
    call the original, and nothing else, once its maker has stopped.
    """
    found = getattr(owner, name)
    own = vars(owner).get(name, _MISSING) if hasattr(owner, "__dict__") else found
    replacement = make(found)
    if callable(found) and hasattr(replacement, "__dict__") and not isinstance(replacement, type):
        functools.update_wrapper(replacement, found)
    if isinstance(own, (staticmethod, classmethod)):  # `found` is bound already
        replacement = staticmethod(replacement)
    setattr(owner, name, replacement)
    there = vars(owner).get(name, _MISSING) if hasattr(owner, "__dict__") else replacement
    try:
        yield
    finally:
        if vars(owner).get(name, _MISSING) is there:
            if own is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, own)

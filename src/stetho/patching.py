"""Replacing an attribute of something that is not ours, for as long as we need it replaced.

Every replacement that stetho makes in torch, in the standard library or in the user's libraries is
made by `patched`, so that one place knows how to undo it. `docs/promises.md` has a row for each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_MISSING = object()


@dataclass(slots=True, eq=False)
class _Layer:
    """One replacement of an attribute."""

    owner: Any
    name: str
    make: Callable[[Any], Any]
    before: Any = field(init=False, default=_MISSING)  # what the owner itself had
    after: Any = field(init=False, default=_MISSING)  # and has now

    def lay(self) -> None:
        owner, name = self.owner, self.name
        found = getattr(owner, name)
        self.before = vars(owner).get(name, _MISSING) if hasattr(owner, "__dict__") else found
        new = self.make(found)
        if callable(found) and hasattr(new, "__dict__") and not isinstance(new, type):
            functools.update_wrapper(new, found)
        if isinstance(self.before, (staticmethod, classmethod)):  # `found` is bound already
            new = staticmethod(new)
        setattr(owner, name, new)
        self.after = vars(owner).get(name, _MISSING) if hasattr(owner, "__dict__") else new

    def is_on_top(self) -> bool:
        return vars(self.owner).get(self.name, _MISSING) is self.after

    def lift(self) -> None:
        if self.before is _MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.before)


_chains: dict[tuple[int, str], list[_Layer]] = {}  # of each attribute, the lowest first


@contextmanager
def patched(owner: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """Replace `owner.name` by `make(original)` inside of the `with` block.

    Args:
        owner: a module, a class or an object.
        name: the attribute's name; the owner may inherit it.
        make: receives the original and returns what is to stand in its place. A function gets the
            original's name and docstring, and `__wrapped__`, by `functools.update_wrapper`. It is
            called again where a replacement of ours below this one ends first.

    At the end the original returns, but only if the replacement is still there: somebody else may
    have wrapped it in the meantime. Then it stays inside of their wrapper, so a replacement must
    call the original, and nothing else, once its maker has stopped.
    """
    layer, key = _Layer(owner, name, make), (id(owner), name)
    layer.lay()
    chain = _chains.setdefault(key, [])
    chain.append(layer)
    try:
        yield
    finally:
        place = chain.index(layer)
        above = chain[place + 1 :]
        ours = all(upper.before is lower.after for lower, upper in zip(chain[place:], above))
        if ours and chain[-1].is_on_top():
            layer.lift()
            for upper in above:
                upper.lay()
        chain.remove(layer)
        if not chain:
            _chains.pop(key, None)

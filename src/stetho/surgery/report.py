"""What was done to a model → a record that prints well and can take it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a model that is not as it was."""

    place: str  # path of the module, or name of the parameter
    before: str
    after: str
    note: str = ""


@dataclass
class Surgery:
    """All that one call changed, in order; `undo` takes it back, bit for bit."""

    what: str
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _back: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def did(self, change: Change, back: Callable[[], None] | None = None) -> None:
        self.changes.append(change)
        if back is not None:
            self._back.append(back)

    def undo(self) -> None:
        """Put everything back as it was before; a second call does nothing."""
        while self._back:
            self._back.pop()()

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        width = max((len(change.place) for change in self.changes), default=0)
        lines = [
            f"  {change.place:<{width}}  {change.before} → {change.after}"
            + (f"  ({change.note})" if change.note else "")
            for change in self.changes
        ]
        head = f"{self.what}: {len(self.changes)} change{'' if len(self.changes) == 1 else 's'}"
        return "\n".join([head, *lines, *(f"  note: {note}" for note in self.notes)])

    __repr__ = __str__

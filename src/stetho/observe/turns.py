"""Backward passes and steps of optimizers → which of them take turns, each with its own loss."""

from __future__ import annotations

from collections.abc import Iterable


class Turns:
    """Two players (a generator and a discriminator, an actor and a critic) step in turn.

    Optimizers that share a backward pass do not, and one that was made anew does not step again.
    """

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._fresh = False  # whether a backward pass has come since the last step
        self._last: int | None = None  # that last stepped after a backward pass of its own
        self._own: set[int] = set()  # optimizers that have done so

    def knows(self, optimizer: int) -> bool:
        """Whether it has stepped before."""
        return optimizer in self._known

    def backward(self) -> None:
        self._fresh = True

    def stepped(self, optimizer: int) -> Iterable[int]:
        """Take in a step; gives the optimizers of which it shows that they take turns."""
        self._known.add(optimizer)
        if not self._fresh:
            return ()
        self._fresh = False
        last, self._last = self._last, optimizer
        again = optimizer in self._own
        self._own.add(optimizer)
        return (optimizer, last) if again and last is not None and last != optimizer else ()

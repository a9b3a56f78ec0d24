"""A layer that is called again → is the graph behind it to be walked again?

A walk costs as much as a dozen calls of torch. What it finds is the same in every step of nearly
every network, so that after a few walks of one place most are spared.
"""

from __future__ import annotations

from dataclasses import dataclass

from stetho.observe.origin import Node
from stetho.observe.structure import Structure

FIRST = 2  # walks in a row that have to find the same graph
EVERY = 8  # calls, of which one is walked then: a network may take another path


@dataclass(slots=True)
class _Place:
    """What was seen when the graph behind a place was walked."""

    operation: str  # the one that made the layer's input
    size: int  # of the network, as far as it was known
    calls: int = 0  # since one of these has changed


class Walks:
    """Remembers each place by its name."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}

    def due(self, name: str, node: Node, structure: Structure) -> bool:
        """Whether to walk from `node` in this call."""
        operation = "" if node is None else node.name()
        size = len(structure.sites) + len(structure.layers)
        place = self._places.get(name)
        if place is None or place.operation != operation or place.size != size:
            place = self._places[name] = _Place(operation, size)
        place.calls += 1
        return place.calls <= FIRST or place.calls % EVERY == 0

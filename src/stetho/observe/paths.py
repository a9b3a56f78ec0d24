"""The nodes of one call, from a back to z → the edges by which its gradient comes to z."""

from __future__ import annotations

from torch import Tensor

from stetho.observe.origin import Node, node_key

MOST = 512  # nodes of one call that are walked

Way = tuple[Node, int]  # a node of the call, and which of its inputs is z


def ways_in(node: Node, z_node: Node, z_place: int, z: Tensor | None) -> list[Way]:
    """Every edge that leads from the call that ends in `node` to z; empty if there are too many.

    z is output `z_place` of `z_node`; where it is a leaf, `z_node` is `None` and `z` itself counts.
    """
    start = None if z_node is None else node_key(z_node)
    found: list[Way] = []
    queue, seen = [node], {node_key(node)}
    while queue:
        current = queue.pop()
        for place, (up, output) in enumerate(current.next_functions):
            if up is None:
                continue
            if _is_source(up, output, start, z_place, z):
                found.append((current, place))
                continue
            key = node_key(up)
            older = start is not None and key < start
            if older or not up.next_functions or key in seen:
                continue
            seen.add(key)
            queue.append(up)
            if len(seen) > MOST:
                return []
    return found


def _is_source(up: Node, output: int, start: int | None, z_place: int, z: Tensor | None) -> bool:
    if start is not None:
        return node_key(up) == start and output == z_place and bool(up.next_functions)
    return not up.next_functions and getattr(up, "variable", None) is z

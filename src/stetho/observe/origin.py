"""A tensor's autograd graph → the layer and normalisation that it comes from.

The graph is walked from a tensor back to the nearest operations that the capture has seen, which
it knows by their sequence number. Nothing is held: nodes are looked at and let go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REACH = 64  # nodes that one walk looks at

Node = Any  # torch.autograd.graph.Node; torch's stubs lack the private method used here


@dataclass(frozen=True, slots=True)
class Mark:
    """An operation that was seen, where a walk may stop."""

    kind: str  # "layer", "norm" or "site"
    name: str
    conv: bool = False
    bias: str | None = None  # name of the parameter that is added unit by unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a pre-activation comes from."""

    layer: str | None = None
    norm: str | None = None
    bias: str | None = None
    conv: bool | None = None
    residual: bool = False


def node_key(node: Node) -> int:
    """A number that names a node among those of its thread."""
    return int(node._sequence_nr())


def parents(node: Node) -> list[Node]:
    """Nodes that gave a node its inputs, leaves (parameters) left out, latest first."""
    found = [up for up, _ in node.next_functions if up is not None and up.next_functions]
    return sorted(found, key=node_key, reverse=True)


def origin(node: Node, marks: Mapping[int, Mark]) -> Origin:
    """Follow z, made by `node`, back to the layer that feeds it; of two branches, the younger.

    In a residual sum the younger branch is the one that was computed last, the block's own.
    """
    norm = bias = None
    residual = False
    for _ in range(REACH):
        if node is None:
            break
        mark = marks.get(node_key(node))
        if mark is not None and mark.kind == "layer":
            return Origin(
                layer=mark.name,
                norm=norm,
                bias=bias or mark.bias,
                conv=mark.conv,
                residual=residual,
            )
        if mark is not None and mark.kind == "site":
            break
        if mark is not None and norm is None:
            norm, bias = mark.name, mark.bias
        branches = parents(node)
        residual = residual or (len(branches) > 1 and node.name().startswith("Add"))
        node = branches[0] if branches else None
    return Origin(layer=None, norm=norm, bias=bias, conv=None, residual=residual)


def nearest_marks(node: Node, marks: Mapping[int, Mark]) -> set[Mark]:
    """Seen sites, layers and norms that a node's output is made of, no site or layer between."""
    found: set[Mark] = set()
    queue: list[Node] = [node] if node is not None else []
    seen: set[int] = set()
    while queue and len(seen) < REACH:
        node = queue.pop(0)
        key = node_key(node)
        if key in seen:
            continue
        seen.add(key)
        mark = marks.get(key)
        if mark is not None:
            found.add(mark)
        if mark is None or mark.kind == "norm":
            queue.extend(parents(node))
    return found


# Nodes of functions that bend their input, and that no site stands for.
BENDING = tuple(
    f"{name}Backward"
    for name in "Where Maximum Minimum Sin Cos Tan Abs Erf Atan Asinh Sinh Exp Expm1".split()
)
MIXING = tuple(
    f"{name}Backward"
    for name in (
        "Softmax LogSoftmax ScaledDot Bmm Mm Mean Var Std Sum Norm LinalgVectorNorm Rsqrt Amax Max "
        "NativeLayerNorm NativeBatchNorm NativeGroupNorm FusedRms MaxPool Prod Cumsum Topk Sort "
        "LinalgVector Convolution IndexAdd Scatter"
    ).split()
)


def unknown_bend(node: Node, marks: Mapping[int, Mark]) -> str | None:
    """The function that bends what one layer hands to the next, where no site stands between.

    `None` if there is none, or if what stands between mixes elements (attention, a normalisation).
    """
    queue: list[Node] = [node] if node is not None else []
    seen: set[int] = set()
    found: str | None = None
    from_layer = False
    while queue and len(seen) < REACH:
        node = queue.pop(0)
        key, name = node_key(node), node.name()
        if key in seen:
            continue
        seen.add(key)
        mark = marks.get(key)
        if mark is not None and mark.kind == "layer":
            from_layer = True
            continue
        if mark is not None or name.startswith(MIXING):
            return None
        if name.startswith(BENDING):
            found = found or name.partition("Backward")[0].lower()
        queue.extend(parents(node))
    return found if from_layer else None

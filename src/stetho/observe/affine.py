"""A layer's input → how many weights in sequence make its output an affine function of the data."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from stetho.observe.aside import saved_by_hooks

Node = Any  # torch.autograd.graph.Node; torch's stubs lack the methods used here

REACH = 2000  # nodes that one walk looks at
PRODUCTS = (
    *("Addmm", "Mm", "Bmm", "Baddbmm", "Addbmm", "Mv", "Linear", "MkldnnLinear"),
    *("Convolution", "ConvolutionOverrideable", "Embedding"),
)
# Affine in what they are given; a batch normalisation is, too, once its statistics are fixed.
AFFINE = (
    *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "T", "Transpose", "Permute"),
    *("Slice", "Select", "ToCopy", "Clone", "Expand", "Alias", "Cat", "Stack", "Add", "Sub", "Neg"),
    *("Mean", "Sum", "AvgPool2D", "MkldnnAvgPool2D", "AdaptiveAvgPool2D", "NativeDropout"),
    *("NativeBatchNorm", "CudnnBatchNorm", "Split", "Unbind", "Repeat", "ConstantPadNd"),
    *("AsStrided", "Contiguous", "Index", "IndexSelect", "Flip", "Roll", "Unfold"),
)
FACTORS = (*PRODUCTS, "Mul")  # affine only if all factors but one are weights


def straight(x: Tensor, kind: str) -> int:
    """Return how many weights in sequence make this layer's output affine in the data; 0 if not.

    `kind`: of the layer. A layer that is not linear by itself gives 0.
    """
    if not (kind == "linear" or kind.startswith("conv") or kind == "embedding"):
        return 0
    if x.grad_fn is None:
        return 0 if x.requires_grad else 1
    before = _depth(x.grad_fn)
    return 0 if before is None else before + 1


def _depth(root: Node) -> int | None:
    """The longest sequence of weights behind a node; `None` where something is not affine."""
    depths: dict[Node, int] = {}
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, expanded = stack.pop()
        ups = [up for up, _ in node.next_functions if up is not None and up.next_functions]
        kind = node.name().rpartition("::")[2].partition("Backward")[0]
        if not expanded:
            if node in depths:
                continue
            if len(depths) > REACH or not _is_affine(kind, node):
                return None
            stack.append((node, True))
            stack += [(up, False) for up in ups if up not in depths]
            continue
        deepest = max((depths.get(up, 0) for up in ups), default=0)
        depths[node] = deepest + (kind in PRODUCTS)
    return depths.get(root, 0)


def _is_affine(kind: str, node: Node) -> bool:
    if kind not in FACTORS:
        return kind in AFFINE
    factors = [up for up, _ in node.next_functions if up is not None]
    weights = sum(map(_is_weight, factors))
    if kind == "Mul" and len(factors) == 1:
        return _is_mask(node)
    return weights > 0 and len(factors) - weights <= 1


def _is_mask(node: Node) -> bool:
    """Whether a product's other factor is one number, or the mask of a dropout: 0 or one number."""
    if saved_by_hooks():
        return False  # to ask would call what the script has hung there
    try:
        other = node._saved_self if node._saved_other is None else node._saved_other
        if other is None or not other.is_cpu:
            return False  # to look would wait for the device
        return bool(((other == 0) | (other == other.max())).all())
    except (AttributeError, RuntimeError):  # changed in place since, or without elements
        return False


def _is_weight(node: Node) -> bool:
    """Whether a node only reshapes a parameter."""
    for _ in range(4):
        if hasattr(node, "variable"):
            return True
        ups = [up for up, _ in node.next_functions if up is not None]
        if len(ups) != 1:
            return False
        node = ups[0]
    return hasattr(node, "variable")

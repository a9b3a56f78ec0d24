"""A call of a loss function → what its input came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from stetho.observe.origin import node_key
from stetho.record import Criterion

REACH = 6  # nodes that only change a tensor's shape or type, at most
PASSING = (
    *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "T", "Transpose", "Permute"),
    *("Slice", "Select", "ToCopy", "Clone", "Expand", "Alias"),
)
LAYERS = ("Addmm", "Mm", "Bmm", "Linear", "Convolution", "Add")  # nodes of what has weights
OVER_AXIS = ("softmax", "log_softmax")
# What bounds the input of a loss: name, lowest value, highest value.
BOUNDS: dict[str, tuple[str, float, float]] = {
    "Softmax": ("softmax", 0.0, 1.0),
    "LogSoftmax": ("log_softmax", -math.inf, 0.0),
    "Log": ("log", -math.inf, math.inf),
    "Sigmoid": ("sigmoid", 0.0, 1.0),
    "Tanh": ("tanh", -1.0, 1.0),
    "Relu": ("relu", 0.0, math.inf),
    "Softplus": ("softplus", 0.0, math.inf),
    "Exp": ("exp", 0.0, math.inf),
}


def criterion_of(
    func: Callable[..., Any], x: Tensor, target: Tensor, classes: int = 0
) -> Criterion:
    """`classes`: of cross entropy, 0 for others."""
    behind, lower, upper, node = _behind(x.grad_fn)
    axis = _axis(node, x) if behind in OVER_AXIS else None
    if axis is not None and x.shape[axis] == 1:  # it gives 1 (its logarithm 0) whatever comes in
        lower = upper = 1.0 if behind == "softmax" else 0.0
    apart = classes == 0 and x.shape != target.shape
    return Criterion(
        function=func.__name__,
        behind=behind,
        lower=lower,
        upper=upper,
        classes=classes,
        broadcast=apart,
        mixed=axis == 0 and x.shape[0] > 1 and not _square(x),
        direct=_by_layer(node),
    )


def shapes(node: Any) -> Iterator[Any]:
    """A node and those before it, as long as they change a tensor's shape or type alone."""
    for _ in range(REACH):
        if node is None:
            return
        yield node
        if node.name().partition("Backward")[0] not in PASSING:
            return
        node = node.next_functions[0][0]


def made_by(key: int, node: Any) -> Any:
    """The operation `key`, if a loss function's input is its output, reshaped or bounded perhaps.

    `node` made that input. `None` where it is another's.
    """
    for _ in range(REACH):
        if node is None or node_key(node) == key:
            break
        kind = node.name().partition("Backward")[0]
        if kind not in PASSING and kind not in BOUNDS:
            return None
        node = node.next_functions[0][0]
    return node if node is not None and node_key(node) == key else None


def _behind(node: Any) -> tuple[str, float, float, Any]:
    """The function that made a loss function's input, its bounds, and the node that it is.

    Without such a function, the node of the operation that made it.
    """
    for _ in range(REACH):
        if node is None:
            break
        kind = node.name().partition("Backward")[0]
        if kind in BOUNDS:
            return (*BOUNDS[kind], node)
        if kind not in PASSING:
            break
        node = node.next_functions[0][0]
    return "", -math.inf, math.inf, node


def _by_layer(node: Any) -> bool:
    """Whether an operation with a weight made it, bounded by one function perhaps."""
    for _ in range(REACH):
        kind = "" if node is None else node.name().partition("Backward")[0]
        if kind not in PASSING and kind not in BOUNDS:
            return kind in LAYERS
        node = node.next_functions[0][0]
    return False


def _axis(node: Any, x: Tensor) -> int | None:
    """Over which axis of x a softmax goes; None: not known, as where x was reshaped behind it."""
    try:
        axis, result = int(node._saved_dim), node._saved_result
    except (AttributeError, RuntimeError):
        return None
    axis = axis - 2**64 if axis >= 2**63 else axis  # a negative axis, as an unsigned number
    return axis % x.ndim if x.ndim and result.shape == x.shape else None


def _square(x: Tensor) -> bool:
    """As similarities of all samples with each other are: a softmax may go over their columns."""
    return x.ndim == 2 and x.shape[0] == x.shape[1]

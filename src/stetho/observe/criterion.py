"""A call of a loss function → what its input came from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

from stetho.observe.origin import node_key
from stetho.record import Criterion

REACH = 6  # nodes that only change a tensor's shape or type, at most
PASSING = (
    *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "T", "Transpose", "Permute"),
    *("Slice", "Select", "ToCopy", "Clone", "Expand", "Alias"),
)
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
    behind, lower, upper = _behind(x.grad_fn)
    apart = classes == 0 and x.shape != target.shape
    return Criterion(
        function=func.__name__,
        behind=behind,
        lower=lower,
        upper=upper,
        classes=classes,
        broadcast=apart,
    )


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


def _behind(node: Any) -> tuple[str, float, float]:
    for _ in range(REACH):
        if node is None:
            break
        kind = node.name().partition("Backward")[0]
        if kind in BOUNDS:
            return BOUNDS[kind]
        if kind not in PASSING:
            break
        node = node.next_functions[0][0]
    return "", -math.inf, math.inf

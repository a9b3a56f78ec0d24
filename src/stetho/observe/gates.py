"""Products of two tensors → the sites whose output is a gate.

A gate multiplies another signal: the sigmoids and the tanh of an LSTM written by hand, the SiLU of
a gated linear unit, the weights of a squeeze-and-excitation block. Such a function is chosen for
its range, not as the nonlinearity of a layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

from stetho.observe.origin import Node, nearest_marks, node_key, parents
from stetho.observe.scene import Reading, Scene

Call = Callable[..., Any]
RESHAPING = (
    "View",
    "UnsafeView",
    "Unsqueeze",
    "Squeeze",
    "Expand",
    "Permute",
    "Transpose",
    "Slice",
    "Split",
    "ToCopy",
    "Clone",
    "T",
)


class GateReader:
    """Marks sites that multiply what does not come from them."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def on_product(
        self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Reading | None:
        pair = [arg for arg in (*args[:2], *kwargs.values()) if isinstance(arg, Tensor)]
        nodes = [arg.grad_fn for arg in pair]  # before the call: it may change one in place
        if len(nodes) != 2 or nodes[0] is None or nodes[1] is None:
            return None
        first, second = nodes

        def after(_: Any) -> None:
            self._mark(first, second)
            self._mark(second, first)

        return Reading(after)

    def _mark(self, node: Node, partner: Node) -> None:
        """A site at `node` is a gate, unless its partner is made of it (x · rsqrt(mean x²)).

        Of two sites the bounded one is the gate (a ReLU that a sigmoid scales is none).
        """
        site = self._site(node)
        if site is None:
            return
        made_of = {mark.name for mark in nearest_marks(partner, self._scene.marks)}
        alone = self._site(partner) is None
        if site not in made_of and (alone or self._is_bounded(site)):
            self._scene.structure.mark_gate(site)

    def _is_bounded(self, site: str) -> bool:
        known = self._scene.structure.sites.get(site)
        return known is not None and math.isfinite(known.function.upper - known.function.lower)

    def _site(self, node: Node) -> str | None:
        """The site whose output this is, reshaped at most."""
        while node is not None:
            mark = self._scene.marks.get(node_key(node))
            if mark is not None:
                return mark.name if mark.kind == "site" else None
            if not node.name().startswith(RESHAPING):
                return None
            above = parents(node)
            node = above[0] if len(above) == 1 else None
        return None

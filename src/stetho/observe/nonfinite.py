"""A loss or a gradient that is NaN or infinite → the operation in which that arose.

When the loss is not finite as backward begins, its graph is still there: what its nodes saved, and
what can be computed again from that, shows the operation whose inputs are finite and whose output
is not. When the loss is finite, the operation lies in the backward pass: the few operations whose
slope can be infinite (a root at 0, a norm of a zero vector) are watched there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from stetho.observe.loss_graph import LossGraph, is_finite, operation
from stetho.record import NonFiniteOrigin

Node = Any  # torch.autograd.graph.Node; torch's stubs lack some of the methods used here

STEEP = 8  # operations that are watched in the backward pass, those nearest the loss first
# Operations whose slope is infinite, or 0 times infinite, somewhere in their domain.
STEEP_NAMES = re.compile(
    r"(Sqrt|Rsqrt|Reciprocal|Pow|Log|Log2|Log10|Log1P|Div|Norm|LinalgVectorNorm|Cdist"
    r"|PairwiseDistance|Acos|Asin|Acosh|Atanh|Atan2|Hypot|Std|StdMean|Xlogy|Exp|Prod)Backward"
)


def origin_of_loss(
    loss: Tensor, step: int, name_of: Callable[[Tensor], str | None]
) -> NonFiniteOrigin | None:
    """Where the NaN or infinity of a loss arose, read off its graph; `None` if it has none.

    Args:
        loss: a scalar that is not finite, before its backward pass.
        step: the training step.
        name_of: the name of a parameter, if it has one.
    """
    if loss.grad_fn is None:
        return None
    graph = LossGraph(loss)
    graph.learn()
    found = graph.first_bad()
    if found is None:
        return None
    leaf = graph.bad_leaf(found)
    if leaf is not None:
        name = name_of(leaf)
        kind = "input" if name is None else "parameter"
        return NonFiniteOrigin(step=step, kind=kind, operation=operation(found), name=name or "")
    return NonFiniteOrigin(
        step=step,
        kind="forward",
        operation=operation(found),
        before=_layers(graph.before(found), name_of),
        after=_layers(graph.after(found), name_of),
        line=_line(found),
    )


@dataclass(frozen=True, slots=True)
class _Steep:
    """An operation to be watched, and how it is reached from the loss."""

    path: tuple[int, ...]
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class BackwardOrigin:
    """Watches the operations of a backward pass whose slope can be infinite.

    Where they are is learned from a whole graph once; later graphs are only followed along the
    same edges, as long as the same operations stand there.
    """

    def __init__(self, name_of: Callable[[Tensor], str | None], guard: Any) -> None:
        self._name_of = name_of
        self._guard = guard
        self._steep: tuple[_Steep, ...] | None = None
        self.found: NonFiniteOrigin | None = None

    def arm(self, loss: Tensor, step: int, learn: bool) -> None:
        """Watch the backward pass that is about to begin from `loss`."""
        self.found = None
        root = loss.grad_fn
        if root is None or loss.device.type != "cpu":
            return
        if self._steep is None and learn:
            self._steep = tuple(self._learn(loss))
        for steep in self._steep or ():
            node = _follow(root, steep)
            if node is None:  # the graph has changed: learn it again when a step is probed
                self._steep = None
                return
            node.register_hook(self._hook(node, steep, step))

    def _learn(self, loss: Tensor) -> Iterator[_Steep]:
        graph = LossGraph(loss)
        paths: dict[Node, tuple[int, ...]] = {graph.root: ()}
        count = 0
        for node in reversed(graph.order):  # the loss first
            path = paths.get(node, ())
            for index, (up, _) in enumerate(node.next_functions):
                if up is not None:
                    paths.setdefault(up, (*path, index))
            if _may_be_steep(node) and count < STEEP:
                count += 1
                before, after = graph.before(node), graph.after(node)
                yield _Steep(
                    path=path,
                    name=node.name(),
                    before=_layers(before, self._name_of),
                    after=_layers(after, self._name_of),
                )

    def _hook(self, node: Node, steep: _Steep, step: int) -> Callable[[Any, Any], None]:
        name, line = operation(node), _line(node)

        def look(inputs: Sequence[Tensor | None], outputs: Sequence[Tensor | None]) -> None:
            with self._guard:
                # Backward's inputs are the gradients of what the operation gave, and the reverse.
                if self.found is None and not _all_finite(inputs) and _all_finite(outputs):
                    self.found = NonFiniteOrigin(
                        step=step,
                        kind="backward",
                        operation=name,
                        before=steep.before,
                        after=steep.after,
                        line=line,
                    )

        return look


def origin_of_gradients(
    parameters: Sequence[Tensor], step: int, name_of: Callable[[Tensor], str | None]
) -> NonFiniteOrigin | None:
    """The parameters on either side of where gradients cease to be finite; `None`: they all are.

    Parameters in the order of the network: the last whose gradient is not finite, and the first
    behind it whose gradient is.
    """
    having = [p for p in parameters if p.grad is not None]
    bad = [not is_finite(p.grad) for p in having if p.grad is not None]
    if not any(bad):
        return None
    last = max(index for index, is_bad in enumerate(bad) if is_bad)
    return NonFiniteOrigin(
        step=step,
        kind="backward",
        before=_layers(having[: last + 1][-2:], name_of)[-1:],
        after=_layers(having[last + 1 :][:2], name_of)[:1],
    )


def _may_be_steep(node: Node) -> bool:
    """Whether an operation's slope can be infinite; that of x², x³ … cannot."""
    exponent = getattr(node, "_saved_exponent", None) if node.name() == "PowBackward0" else None
    small = not isinstance(exponent, (int, float)) or exponent < 1
    return small and STEEP_NAMES.match(node.name()) is not None


def _all_finite(tensors: Sequence[Tensor | None]) -> bool:
    return all(is_finite(tensor) for tensor in tensors if isinstance(tensor, Tensor))


def _follow(node: Node, steep: _Steep) -> Node | None:
    """The node at the end of a known path, if the same operation stands there."""
    for index in steep.path:
        edges = node.next_functions
        node = edges[index][0] if index < len(edges) else None
        if node is None:
            return None
    return node if node.name() == steep.name else None


def _layers(
    parameters: Sequence[Tensor], name_of: Callable[[Tensor], str | None]
) -> tuple[str, ...]:
    """Names of the modules that parameters belong to, each once."""
    names = [name for parameter in parameters if (name := name_of(parameter)) is not None]
    return tuple(dict.fromkeys(name.rpartition(".")[0] or name for name in names))


def _line(node: Node) -> str:
    """The script's line that made a node, where the script has anomaly mode on."""
    trace = node.metadata.get("traceback_") or ()
    lines = [part.strip().splitlines()[0] for part in trace if "site-packages" not in part]
    return lines[-1] if lines else ""

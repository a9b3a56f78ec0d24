"""The autograd graph of a loss: its nodes in order, and which of them gave a value not finite."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

Node = Any  # torch.autograd.graph.Node; torch's stubs lack some of the methods used here

REACH = 20_000  # nodes that a walk looks at
# Infinity on purpose: they put a constant in, such as -inf where attention is masked.
MASKS = ("MaskedFillBackward", "WhereBackward", "ScalarMaskedFill", "IndexFillBackward")
# Computed again they would draw random numbers or change running statistics.
NEVER_REPEATED = ("batch_norm", "dropout", "rnn", "lstm", "gru", "cudnn", "miopen")
# Of these only the output's shape or number format is known, and that is enough.
RESHAPES = ("view", "unsafe_view", "reshape_alias", "squeeze", "unsqueeze", "expand", "to_copy")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def operation(node: Node) -> str:
    """A node's operation as torch spells it: `SqrtBackward0` is `sqrt`."""
    name = re.sub(r"Backward\d*$", "", node.name().rpartition("::")[2])
    return CAMEL.sub("_", name).lower()


def is_finite(tensor: Tensor) -> bool:
    """Whether all elements are finite; one pass over the data where they are."""
    dense = tensor.detach()
    if dense.layout is not torch.strided:
        dense = dense._values() if dense.layout is torch.sparse_coo else dense.values()
    if math.isfinite(abs(dense.sum().item())):
        return True
    return bool(torch.isfinite(dense).all())  # a sum may overflow by itself


class LossGraph:
    """An autograd graph with the values of its nodes' outputs, as far as they are known."""

    def __init__(self, loss: Tensor) -> None:
        self.root: Node = loss.grad_fn
        self.order: list[Node] = _upstream_first(self.root)
        self.known: dict[tuple[Node, int], Tensor] = {(self.root, loss.output_nr): loss.detach()}
        self.users: dict[Node, list[Node]] = {}
        for node in self.order:
            for up, _ in node.next_functions:
                if up is not None:
                    self.users.setdefault(up, []).append(node)

    def learn(self) -> None:
        """Collect what the nodes saved, then compute what can be computed from it."""
        for node in self.order:
            variable = getattr(node, "variable", None)
            if variable is not None:
                self.known[node, 0] = variable.detach()
            for tensor in _saved(node).values():
                if isinstance(tensor, Tensor) and tensor.grad_fn is not None:
                    self.known.setdefault((tensor.grad_fn, tensor.output_nr), tensor.detach())
        for node in self.order:
            if (node, 0) not in self.known and getattr(node, "variable", None) is None:
                value = self._repeated(node)
                if value is not None:
                    self.known[node, 0] = value

    def first_bad(self) -> Node | None:
        """The operation whose inputs are finite and whose output is not, as far back as it goes.

        Masks put infinities in on purpose: behind one, the operation that made NaN of them counts.
        """
        node, made_nan = self.root, None
        while (up := self._bad_input(node)) is not None:
            if self._has_nan(node) and not self._has_nan(up):
                made_nan = node
            if up.name().startswith(MASKS) and self._bad_input(up) is None:
                return made_nan or node
            node = up
        # What only passes its input on made nothing: the operation before it did, if unknown.
        while operation(node) in RESHAPES:
            up, index = node.next_functions[0]
            if up is None or hasattr(up, "variable") or (up, index) in self.known:
                break
            node = up
        return node

    def bad_leaf(self, node: Node) -> Tensor | None:
        """A parameter, or data, that goes into a node and is not finite already."""
        for up, _ in _near(node):
            variable = getattr(up, "variable", None)
            if variable is not None and not is_finite(variable):
                return variable  # type: ignore[no-any-return]
        for name, tensor in _saved(node).items():
            if name not in ("self", "other", "input", "mat1", "mat2"):
                continue
            constant = isinstance(tensor, Tensor) and tensor.grad_fn is None
            if constant and tensor.is_floating_point() and not is_finite(tensor):
                return tensor  # type: ignore[no-any-return]
        return None

    def before(self, node: Node) -> list[Tensor]:
        """The nearest parameters that what goes into a node was made of."""
        queue, seen = [node], {node}
        found: list[Tensor] = []
        while queue and len(found) < 2:
            for up, _ in queue.pop(0).next_functions:
                if up is None or up in seen:
                    continue
                seen.add(up)
                variable = getattr(up, "variable", None)
                found += [] if variable is None else [variable]
                queue.append(up)
        return found

    def after(self, node: Node) -> list[Tensor]:
        """The nearest parameters that are used with what comes out of a node."""
        queue, seen = [node], {node}
        found: list[Tensor] = []
        while queue and not found:
            for user in self.users.get(queue.pop(0), ()):
                if user in seen:
                    continue
                seen.add(user)
                variables = (getattr(up, "variable", None) for up, _ in _near(user))
                found += [variable for variable in variables if variable is not None]
                queue.append(user)
        return found

    def _bad_input(self, node: Node) -> Node | None:
        """An input that is not finite; through inputs that are not known, the nearest behind."""
        queue, seen = [node], {node}
        while queue:
            for up, index in queue.pop(0).next_functions:
                if up is None or up in seen or getattr(up, "variable", None) is not None:
                    continue
                seen.add(up)
                value = self.known.get((up, index))
                if value is None:
                    queue.append(up)
                elif not is_finite(value):
                    return up
        return None

    def _has_nan(self, node: Node) -> bool:
        value = self.known.get((node, 0))
        return value is not None and bool(torch.isnan(value).any())

    def _repeated(self, node: Node) -> Tensor | None:
        """A node's output, computed again from what it saved and what is known of its inputs."""
        name, saved = operation(node), _saved(node)
        if isinstance(saved.get("result"), Tensor):
            return saved["result"].detach()  # type: ignore[no-any-return]
        if any(word in name for word in NEVER_REPEATED):
            return None
        made = node._input_metadata[0]  # of the gradient that comes in: as the output was
        shape = torch.Size(made.shape)
        packet = getattr(torch.ops.aten, name, None)
        matched = {tensor.grad_fn for tensor in saved.values() if isinstance(tensor, Tensor)}
        edges = [(up, index) for up, index in node.next_functions if up is not None]
        rest = [
            self.known.get(edge)
            for edge in edges
            if edge[0] not in matched and not _is_saved_leaf(edge[0], saved)
        ]
        if name in RESHAPES and len(rest) == 1 and rest[0] is not None:
            value = rest[0].to(made.dtype)
            return value.expand(shape) if name == "expand" else value.reshape(shape)
        for overload in packet.overloads() if packet is not None else ():
            value = _call(getattr(packet, overload), saved, rest)
            if isinstance(value, Tensor) and value.shape == shape:
                return value
        return None


def _near(node: Node) -> Iterator[tuple[Node, int]]:
    """A node's edges, with those of a transposition in between (`linear` transposes its weight)."""
    for up, index in node.next_functions:
        if up is not None:
            yield up, index
            if up.name() in ("TBackward0", "TransposeBackward0"):
                yield from up.next_functions


def _is_saved_leaf(node: Node, saved: dict[str, Any]) -> bool:
    variable = getattr(node, "variable", None)
    return variable is not None and any(value is variable for value in saved.values())


def _call(overload: Any, saved: dict[str, Any], rest: Sequence[Tensor | None]) -> Any:
    """Call an operation with what its node saved, the other tensors in order; `None`: it can't."""
    if torch.Tag.nondeterministic_seeded in overload.tags or overload._schema.is_mutable:
        return None
    waiting, given = list(rest), {}
    for argument in overload._schema.arguments:
        if argument.is_out:
            return None
        if argument.name in saved:
            given[argument.name] = saved[argument.name]
        elif str(argument.type) == "Tensor":
            if not waiting or waiting[0] is None:
                return None
            given[argument.name] = waiting.pop(0)
        elif not argument.has_default_value():
            return None
    if waiting:
        return None
    values = {k: v.detach() if isinstance(v, Tensor) else v for k, v in given.items()}
    try:
        return overload(**values)
    except (RuntimeError, TypeError, IndexError, ValueError):
        return None  # another overload's arguments


def _saved(node: Node) -> dict[str, Any]:
    """What a node has saved, by the names of its operation's arguments."""
    found = {}
    for attribute in dir(node):
        if attribute.startswith("_saved_"):
            try:
                value = getattr(node, attribute)
            except RuntimeError:  # freed, or changed in place since
                continue
            if value is not None:  # not needed, so not saved
                found[attribute[len("_saved_") :]] = _signed(value)
    return found


def _signed(value: Any) -> Any:
    """Negative dimensions come as unsigned numbers."""
    if isinstance(value, tuple):
        return tuple(map(_signed, value))
    return value - 2**64 if isinstance(value, int) and value >= 2**63 else value


def graph_nodes(loss: Tensor) -> list[Node]:
    """The nodes of a loss's graph, each behind all that it was made of."""
    return [] if loss.grad_fn is None else _upstream_first(loss.grad_fn)


def _upstream_first(root: Node) -> list[Node]:
    """The nodes of a graph, each behind all that it was made of."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack and len(seen) < REACH:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
            continue
        if node in seen:
            continue
        seen.add(node)
        stack.append((node, True))
        stack += [(up, False) for up, _ in node.next_functions if up is not None and up not in seen]
    return order

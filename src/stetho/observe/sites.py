"""Applications of activation functions → site calls, with hooks for both gradients.

Note [How a site is seen]
A `TorchFunctionMode` sees every torch function that the script calls, above autograd and however
it is spelled. For an activation function it takes z before and a after the call, and hangs a hook
on the autograd node that the call made: the node gets ∂L/∂a summed over all uses of a, and gives
∂L/∂z through this call alone. In-place functions work the same way, from a copy of z.
A function or module that makes several nodes (softsign, a hand-written GELU) has its nodes walked
from a back to z; what they send to z, summed, is ∂L/∂z through the call alone. Both gradients are
exact. The script's graph stays as it is: an alias of z would give the same gradients, but autograd
would add them up in another order, and the weights would no longer be equal bit for bit.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from stetho import activations
from stetho.events import PendingSite, SiteCall
from stetho.observe.aside import in_vmap
from stetho.observe.origin import Mark, Node, Origin, nearest_marks, node_key, origin
from stetho.observe.paths import Way, ways_in
from stetho.observe.scene import Reading, Scene
from stetho.observe.shards import is_distributed
from stetho.observe.unseen import Unseen
from stetho.record import Function, Site

Call = Callable[..., Any]
# Each rank has a part of such a bias alone, and asking for the rest would send.
Source = tuple[Node, int, "Tensor | None"]  # what made z, which of its outputs; z if it is a leaf


class SiteReader:
    """Turns applications of activation functions into site calls."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._origins: dict[str, Origin] = {}
        self._shifts: dict[str, weakref.ref[Tensor] | None] = {}

    def on_activation(
        self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Reading | None:
        """Record what a call does to its input, if it is an activation that is to be watched."""
        applied = self._applied(func, args, kwargs)
        if applied is None:
            return None
        z, function = applied
        in_place = _may_be_in_place(func, args, kwargs)
        before = z.detach().clone() if in_place else z.detach()
        z_node, z_place = z.grad_fn, z.output_nr

        def after(result: Any) -> None:
            if result.grad_fn is None:
                return
            if in_place and not _single_step(result.grad_fn, z_node):
                self._scene.unseen(Unseen.PART_IN_PLACE, function=function.name)
                return
            self.record(function, before, result, (z_node, z_place, None if in_place else z))

        return Reading(after)

    def _applied(
        self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Tensor, Function] | None:
        """(z, function) if this call is a site to be watched."""
        scene = self._scene
        z = args[0] if args else kwargs.get("input", kwargs.get("self"))
        if not isinstance(z, Tensor) or not z.is_floating_point():
            return None
        if (scene.stack and scene.stack[-1].opaque) or scene.recomputing():
            return None
        bind = activations.for_call(func)
        function = bind(args, kwargs) if bind is not None else None
        if function is not None and not z.requires_grad:
            if scene.frozen and scene.path:
                scene.unseen(Unseen.FROZEN_BEFORE, function=function.name)
            return None
        return None if function is None else (z, function)

    def record(
        self, function: Function, z: Tensor, result: Tensor, source: Source, whole: bool = False
    ) -> None:
        """Hand one application to the sink, and hang its hooks. `whole`: of a composite module."""
        scene, node, z_node = self._scene, result.grad_fn, source[0]
        ways = ways_in(node, *source)
        if not ways:
            scene.unseen(Unseen.TOO_LONG, function=function.name)
            return
        path = scene.path
        number = scene.count(path, function.name)
        name = f"{path}/{function.name}" if path else function.name
        name = f"{name}#{number}" if number else name
        where = self._origins.get(name)
        if where is None:
            where = self._origins[name] = origin(z_node, scene.marks)
        shift = self._shift(name, where)
        module = scene.stack[-1].module if scene.stack else None
        call = SiteCall(
            name=name,
            function=function,
            z=z,
            a=result.detach(),
            from_conv=where.conv,
            shift=shift,
            module=module,
            whole=whole,
        )
        pending = scene.sink.site(call)
        self._hang(pending, result, ways)
        if name not in scene.structure.sites:
            self._describe(call, where, z_node)
        scene.marks[node_key(node)] = Mark("site", name)
        tentative = scene.stack[-1].tentative if scene.stack else None
        if tentative is not None:
            tentative.append((name, pending))

    def _describe(self, call: SiteCall, where: Origin, z_node: Node) -> None:
        structure = self._scene.structure
        near = nearest_marks(z_node, self._scene.marks)
        structure.upstream[call.name] = {mark.name for mark in near if mark.kind == "site"}
        structure.add_site(
            Site(
                name=call.name,
                function=call.function,
                index=len(structure.sites),
                model=self._scene.model,
                shape=tuple(call.z.shape),
                layer=where.layer,
                norm=where.norm,
                bias=where.bias,
                output=True,  # until a layer is seen that it feeds
                residual=where.residual,
            )
        )

    def retract(self, name: str, pending: PendingSite) -> None:
        """What was recorded is only a part of a composite activation: its name is free again."""
        path, _, function = name.rpartition("/")
        self._scene.counts[path, function.partition("#")[0]] -= 1
        self._scene.structure.forget_site(name)
        pending.discard()

    def _shift(self, name: str, where: Origin) -> Tensor | None:
        """The parameter that is added to z unit by unit, if nothing stands between it and z."""
        if where.bias is None or where.residual:
            return None
        if name not in self._shifts:
            self._shifts[name] = self._scene.structure.names.parameter_called(where.bias)
        reference = self._shifts[name]
        parameter = reference() if reference is not None else None
        if parameter is None or parameter.ndim != 1:
            return None
        if is_distributed(parameter):
            self._scene.unseen(Unseen.SHARDED)
            return None
        return parameter.detach()

    def _hang(self, pending: PendingSite, result: Tensor, ways: list[Way]) -> None:
        """Hook ∂L/∂a on the node that made a, and what comes to z on each way into the call.

        The hooks themselves know no node: a node that held a hook that held the node would never
        be freed.
        """
        scene, node, place = self._scene, result.grad_fn, result.output_nr
        assert node is not None, "the caller has looked"
        single = len(ways) == 1 and ways[0][0] is node
        to_z, count = ways[0][1], len(ways)
        arrived: list[Tensor | None] = []

        def at_activation(down: Sequence[Tensor | None], up: Sequence[Tensor | None]) -> None:
            with scene.guard:
                if not scene.trying and not in_vmap():
                    through = (down[to_z],) if single else ()
                    pending.gradients(up[place], _present(through), scene.loss_scale)

        def at_way(places: list[int]) -> Callable[..., None]:
            def hook(down: Sequence[Tensor | None], _: Sequence[Tensor | None]) -> None:
                with scene.guard:
                    if scene.trying or in_vmap():
                        return
                    arrived.extend(down[place] for place in places)
                    if len(arrived) >= count:
                        pending.gradients(None, _present(arrived), scene.loss_scale)
                        arrived.clear()

            return hook

        scene.hooks.append(node.register_hook(at_activation))
        if single:
            return
        for entry in {id(entry): entry for entry, _ in ways}.values():
            places = [place for one, place in ways if one is entry]
            scene.hooks.append(entry.register_hook(at_way(places)))


def _present(parts: Sequence[Tensor | None]) -> list[Tensor]:
    return [part for part in parts if part is not None]


def _may_be_in_place(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    flagged = kwargs.get("inplace", False) or any(arg is True for arg in args[1:])
    return flagged or func.__name__.endswith("_")


def _single_step(node: Node, z_node: Node) -> bool:
    """Whether `node` takes z itself (or a cast of it), so that its input gradient is ∂L/∂z."""
    ways = [up for up, _ in node.next_functions]
    if any(up is not None and up.next_functions for up in ways[1:]):
        return False  # z goes in by several ways (softsign: above and below the line)
    up = ways[0] if ways else None
    for _ in range(2):
        if up is None:
            return False
        if not up.next_functions or z_node is None:
            return not up.next_functions and z_node is None  # z is a leaf
        if node_key(up) == node_key(z_node):
            return True
        if not up.name().startswith("ToCopy"):
            return False
        up = up.next_functions[0][0]
    return False

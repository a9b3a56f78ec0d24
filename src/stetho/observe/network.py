"""Calls of layers, normalisations and loss functions → the network's structure, and layer calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from stetho.events import LayerCall, TargetCall
from stetho.observe import functions as forms
from stetho.observe.affine import straight
from stetho.observe.criterion import criterion_of, made_by, shapes
from stetho.observe.origin import Mark, nearest_marks, node_key, origin, unknown_bend
from stetho.observe.scene import Reading, Scene
from stetho.observe.sequence import Sequence
from stetho.observe.unseen import Unseen
from stetho.observe.walks import Walks
from stetho.record import Layer

Call = Callable[..., Any]


class NetworkReader:
    """Reads what stands between the sites."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known_norms: set[str] = set()
        self._walks = Walks()

    def on_layer(self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reading | None:
        form = forms.layer_forms()[func]
        x = forms.argument(args, kwargs, form.x, "input")
        weight = forms.argument(args, kwargs, form.weight, "weight")
        bias = forms.argument(args, kwargs, form.bias, "bias")
        if form.either and _is_weight(x):
            x, weight = weight, x
        if not (isinstance(x, Tensor) and isinstance(weight, Tensor)):
            return None
        if form.either and not _is_weight(weight):
            return None
        return Reading(lambda result: self._layer(form, x, weight, bias, result))

    def on_recurrent(self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reading:
        sequence = Sequence.of(args)
        given = args if sequence is None else (sequence.x, *args[1:])

        def after(result: Any) -> None:
            self._scene.unseen(Unseen.GATES, kind=forms.recurrent()[func])
            lists = (arg for arg in args if isinstance(arg, (list, tuple)) and len(arg) > 2)
            weights = next(lists, None)
            if weights is not None and isinstance(args[0], Tensor):
                layer = self._layer(
                    forms.LayerForm(kind="recurrent"), args[0], weights[0], None, result
                )
                if sequence is not None and layer is not None:
                    sequence.listen(self._scene, layer.name, result[0])

        return Reading(after, given)

    def _layer(
        self, form: forms.LayerForm, x: Tensor, weight: Tensor, bias: Any, result: Any
    ) -> Layer | None:
        scene = self._scene
        output = result[0] if isinstance(result, tuple) else result
        if scene.recomputing():
            return None
        known = len(scene.structure.layers)
        layer = self._describe(form, x, weight, bias)
        if len(scene.structure.layers) > known and x.is_floating_point():
            self._say_unknown_bend(layer, x)
        if output.grad_fn is None:
            scene.frozen = True
            return None
        if self._walks.due(layer.name, x.grad_fn, scene.structure):
            for mark in nearest_marks(x.grad_fn, scene.marks):
                if mark.kind == "site":
                    scene.structure.feeds_layer(mark.name, layer.name)
        if scene.drops:
            scene.structure.revise_layer(layer.name, dropout=self._dropped(x))
        scene.marks[node_key(output.grad_fn)] = Mark("layer", layer.name, form.conv, layer.bias)
        if x.is_floating_point():
            scene.sink.layer(LayerCall(layer, x.detach()))
            if form.kind == "linear":
                scene.linear = (layer.name, x.detach(), node_key(output.grad_fn))
        return layer

    def on_dropout(
        self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Reading | None:
        share = forms.argument(args, kwargs, 1, "p")
        training = forms.argument(args, kwargs, 2, "training")
        if training is False:
            return None

        def after(result: Any) -> None:
            if isinstance(result, Tensor) and result.grad_fn is not None:
                self._scene.drops[node_key(result.grad_fn)] = 0.5 if share is None else float(share)

        return Reading(after)

    def _dropped(self, x: Tensor) -> float:
        """Which share of a layer's input the dropout before it has taken away."""
        for node in shapes(x.grad_fn):
            share = self._scene.drops.get(node_key(node))
            if share is not None:
                return share
        return 0.0

    def _say_unknown_bend(self, layer: Layer, x: Tensor) -> None:
        """Never a silent gap: what bends a layer's input, and is no function that we know."""
        bend = unknown_bend(x.grad_fn, self._scene.marks)
        if bend is not None:
            self._scene.unseen(Unseen.WRITTEN_OUT, layer=layer.name, operation=bend)

    def _describe(self, form: forms.LayerForm, x: Tensor, weight: Tensor, bias: Any) -> Layer:
        scene = self._scene
        path = scene.path
        number = scene.count(path, "")
        name = f"{path}#{number}" if number else path or "layer"
        known = scene.structure.layers.get(name)
        if known is None:
            known = Layer(
                name=name,
                kind=form.kind,
                index=len(scene.structure.layers),
                weight=self._name(weight),
                bias=self._name(bias),
                fan_in=_fan_in(form, weight),
                reads_data=x.is_floating_point() and not x.requires_grad and not scene.frozen,
                straight=straight(x, form.kind),
            )
            scene.structure.add_layer(known)
        return known

    def _name(self, parameter: Any) -> str | None:
        if not isinstance(parameter, Tensor):
            return None
        known = self._scene.structure.names.parameter_name(parameter)
        known = known or self._scene.name_in_module(parameter)
        if known is None and _is_weight(parameter):
            known = self._scene.structure.meet(parameter)
        return known

    def on_norm(self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reading:
        def after(result: Any) -> None:
            if not isinstance(result, Tensor) or result.grad_fn is None:
                return
            kind, place = forms.norms()[func]
            if kind == "batch_norm":
                self._note_statistics(func, args, kwargs)
            shift = self._name(forms.argument(args, kwargs, place, "bias"))
            weight = self._name(forms.argument(args, kwargs, place - 1, "weight"))
            name = self._scene.path or kind
            if name not in self._known_norms:
                self._known_norms.add(name)
                x = forms.argument(args, kwargs, 0, "input")
                self._describe_norm(kind, x, [p for p in (shift, weight) if p is not None])
            self._scene.marks[node_key(result.grad_fn)] = Mark("norm", name, bias=shift)

        return Reading(after)

    def _note_statistics(self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Whether a batch normalisation normalises by the batch, or by what it has stored."""
        x = forms.argument(args, kwargs, 0, "input")
        place = 1 if func is F.batch_norm else 3
        mean = forms.argument(args, kwargs, place, "running_mean")
        variance = forms.argument(args, kwargs, place + 1, "running_var")
        marks = nearest_marks(x.grad_fn, self._scene.marks)
        layer = next((mark.name for mark in marks if mark.kind == "layer"), None)
        if layer is None:
            return
        stored = mean is not None and not forms.argument(args, kwargs, 5, "training")
        statistics = "stored" if stored else "batch"
        if stored and mean.is_cpu and not bool(mean.any()) and bool((variance == 1).all()):
            statistics = "initial"
        self._scene.structure.revise_layer(layer, statistics=statistics)

    def _describe_norm(self, kind: str, x: Tensor, parameters: list[str]) -> None:
        structure = self._scene.structure
        structure.mark_norm(parameters)
        if kind in ("batch_norm", "instance_norm"):
            before = origin(x.grad_fn, self._scene.marks)
            if before.bias is not None and before.norm is None and not before.residual:
                structure.mark_before_norm(before.bias)

    def on_loss(self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reading | None:
        self._scene.target = None
        x = forms.argument(args, kwargs, 0, "input")
        target = forms.argument(args, kwargs, 1, "target")
        plain = kwargs.get("reduction", "mean") == "mean" and not kwargs.get("label_smoothing")
        if not plain or not isinstance(target, Tensor):
            return None

        def after(result: Any) -> None:
            if result.grad_fn is None:
                return
            kind = forms.losses()[func]
            classes = x.shape[1 if x.ndim > 1 else 0] if kind == "cross_entropy" else 0
            ignored = int(kwargs.get("ignore_index", -100))
            criterion = criterion_of(func, x, target, int(classes))
            call = TargetCall(
                kind="" if _weighted(args, kwargs) or _bent(func, args, kwargs) else kind,
                target=target.detach(),
                ignore_index=ignored,
                classes=int(classes),
                criterion=criterion,
            )
            self._scene.target = (call, node_key(result.grad_fn))
            self._listen_before(x)

        return Reading(after)

    def _listen_before(self, y: Tensor) -> None:
        """Hear the gradient of the layer that makes a loss function's input, if one does."""
        scene = self._scene
        if scene.linear is None:
            return
        layer, x, key = scene.linear
        node = made_by(key, y.grad_fn)
        if node is None:
            return

        def at_output(gradients: tuple[Tensor | None, ...]) -> None:
            with scene.guard:
                gradient = gradients[0]
                if gradient is not None and gradient.shape[:-1] == x.shape[:-1]:
                    scene.sink.agreement(layer, x, gradient.detach())

        scene.hooks.append(node.register_prehook(at_output))


def _is_weight(tensor: Any) -> bool:
    return isinstance(tensor, Tensor) and tensor.requires_grad and tensor.is_leaf


def _fan_in(form: forms.LayerForm, weight: Tensor) -> int:
    if weight.ndim < 2:
        return 1
    if form.conv or (form.kind == "linear" and form.weight == 1 and not form.either):
        return weight[0].numel()
    return int(weight.shape[-2])


def _bent(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a Huber loss turns from squares to absolute values elsewhere than at 1."""
    known = {F.smooth_l1_loss: (5, "beta"), F.huber_loss: (3, "delta")}
    turn = forms.argument(args, kwargs, *known[func]) if func in known else None
    return turn is not None and turn != 1


def _weighted(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a loss function weighs classes or elements."""
    weights = forms.argument(args, kwargs, 2, "weight"), kwargs.get("pos_weight")
    return any(isinstance(weight, Tensor) for weight in weights)

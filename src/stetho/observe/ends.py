"""Calls of functions without a gradient → the layers after which the graph may end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from stetho.observe import functions as forms
from stetho.observe.origin import nearest_marks
from stetho.observe.scene import Reading, Scene
from stetho.observe.tracker import Frame


class EndReader:
    """Notes what a layer's output went into; whether a gradient is missed is judged later."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def on_end(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Reading | None:
        x = forms.argument(args, kwargs, 0, "input")
        if not isinstance(x, Tensor) or x.grad_fn is None:
            return None
        structure = self._scene.structure
        for mark in nearest_marks(x.grad_fn, self._scene.marks):
            site = structure.sites.get(mark.name) if mark.kind == "site" else None
            layer = mark.name if mark.kind == "layer" else site.layer if site is not None else None
            if layer is not None:
                structure.ends_after(layer, forms.ends()[func])
        return None

    def outside(self, frame: Frame) -> None:
        """A module runs while gradients are turned off."""
        structure = self._scene.structure
        for parameter in frame.module._parameters.values():
            name = None if parameter is None else structure.names.parameter_name(parameter)
            if name is not None:
                structure.mark_outside(name)

"""Calls of modules that nobody told us of → those that are activation functions, as sites."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor, nn

from stetho.observe.aside import in_vmap
from stetho.observe.elementwise import NONLINEAR, Verdict, judge, recognise
from stetho.observe.scene import Scene
from stetho.observe.sites import SiteReader
from stetho.observe.tracker import Frame
from stetho.observe.unseen import Unseen
from stetho.record import Function


class CompositeReader:
    """Finds modules of the script's own that bend every element by itself.

    On its first call a module is listened to, and so are the modules inside of it; one that turns
    out to be an activation function counts as one site, and what happens inside of it does not.
    """

    def __init__(self, scene: Scene, sites: SiteReader) -> None:
        self._scene = scene
        self._sites = sites
        self._verdicts: weakref.WeakKeyDictionary[nn.Module, bool] = weakref.WeakKeyDictionary()
        self._functions: weakref.WeakKeyDictionary[nn.Module, Function] = (
            weakref.WeakKeyDictionary()
        )

    def enter(self, frame: Frame, args: tuple[Any, ...]) -> None:
        """Before a module's forward."""
        stack = self._scene.stack
        if len(stack) == 1:
            self._scene.enter_outermost(frame.module)
        else:
            frame.opaque = stack[-2].opaque
            frame.functions = stack[-2].functions
            frame.tentative = stack[-2].tentative
        if not self._may_be_activation(frame, args):
            return
        frame.z, frame.version = args[0], args[0]._version
        if self._verdicts.get(frame.module):
            frame.opaque = True
        else:
            frame.functions = set()
            frame.tentative = []

    def _may_be_activation(self, frame: Frame, args: tuple[Any, ...]) -> bool:
        if frame.opaque or not frame.watched:
            return False
        of_torch = type(frame.module).__module__.startswith("torch.")
        if of_torch or self._verdicts.get(frame.module) is False:
            return False
        if not (torch.is_grad_enabled() and args and isinstance(args[0], Tensor)):
            return False
        return args[0].requires_grad and not self._scene.recomputing() and not in_vmap()

    def leave(self, frame: Frame, output: Any) -> None:
        """After a module's forward: it was an activation function, or it was none."""
        if frame.z is None:
            return
        above = self._scene.stack[-1] if self._scene.stack else None
        inner = frame.tentative or []
        known = self._verdicts.get(frame.module)
        if known is None:
            verdict = self._judge(frame, output)
            known = verdict is Verdict.ACTIVATION
            may_learn_to_bend = verdict is Verdict.LINEAR and NONLINEAR & (frame.functions or set())
            if not may_learn_to_bend:
                self._verdicts[frame.module] = known
            if above is not None and above.functions is not None:
                above.functions |= frame.functions or set()
        if not known or output.grad_fn is None:
            if above is not None and above.tentative is not None and above.tentative is not inner:
                above.tentative += inner
            return
        if not frame.opaque:
            for name, pending in inner:  # seen before we knew that they are parts
                self._sites.retract(name, pending)
            frame.tentative = above.tentative if above is not None else None
        z = frame.z
        self._scene.stack.append(frame)
        source = (z.grad_fn, z.output_nr, z)
        self._sites.record(self._function(frame, output), z.detach(), output, source, whole=True)
        self._scene.stack.pop()

    def _judge(self, frame: Frame, output: Any) -> Verdict:
        z = frame.z
        if not isinstance(output, Tensor) or z is None or output is z or output.grad_fn is None:
            return Verdict.OTHER
        scene, functions = self._scene, frame.functions or set()
        name = {"where": frame.path, "kind": type(frame.module).__name__}
        scene.trying = True
        try:
            verdict = judge(functions, z, output)
        finally:
            scene.trying = False
        if verdict is Verdict.ACTIVATION and z._version != frame.version:
            verdict = Verdict.OTHER
            scene.unseen(Unseen.CHANGES_INPUT, **name)
        elif verdict is Verdict.MIXING and not frame.tentative:
            scene.unseen(Unseen.MIXES, **name)
        return verdict

    def _function(self, frame: Frame, output: Tensor) -> Function:
        if frame.module not in self._functions and frame.z is not None:
            known = recognise(frame.z.detach(), output.detach())
            unknown = Function(name=type(frame.module).__name__, known=False)
            self._functions[frame.module] = known or unknown
        return self._functions[frame.module]

"""A call of a fused recurrent layer → its gradients along the sequence.

The layer is given an alias of its input, so that ∂L/∂x through this call alone can be heard, and
also where the input is data that needs no gradient. Nothing numerical changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from stetho.observe.scene import Scene

BIDIRECTIONAL, BATCH_FIRST = 7, 8  # places among the arguments of torch.lstm and its kin


@dataclass(slots=True)
class Sequence:
    """A padded sequence that goes forward through a recurrent layer with trainable weights."""

    x: Tensor  # alias of the layer's input
    batch_first: bool

    @classmethod
    def of(cls, args: tuple[Any, ...]) -> Sequence | None:
        """None where time has two directions, or no axis of its own (packed sequences)."""
        padded = len(args) > BATCH_FIRST and isinstance(args[2], (list, tuple))
        if not padded or args[BIDIRECTIONAL]:
            return None
        x, weights = args[0], args[2]
        if not x.is_floating_point() or not any(weight.requires_grad for weight in weights):
            return None
        alias = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
        return cls(alias, bool(args[BATCH_FIRST]))

    def listen(self, scene: Scene, layer: str, output: Tensor) -> None:
        """Hang the hooks; the gradient of the output comes before that of the input.

        They do not know the tensors on which they hang, which would then never be freed.
        """
        batch_first = self.batch_first
        upstream: list[Tensor] = []

        def time_first(gradient: Tensor) -> Tensor:
            return gradient.transpose(0, 1) if batch_first else gradient

        def at_output(gradient: Tensor) -> None:
            upstream[:] = [gradient.detach()]

        def at_input(gradient: Tensor) -> None:
            with scene.guard:
                up = time_first(upstream.pop()) if upstream else None
                scene.sink.sequence(layer, time_first(gradient.detach()), up, scene.loss_scale)

        scene.hooks.append(output.register_hook(at_output))  # type: ignore[no-untyped-call]
        scene.hooks.append(self.x.register_hook(at_input))  # type: ignore[no-untyped-call]
